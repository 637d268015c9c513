"""A labelled set: what callers say while somebody else talks. Precision and recall are printed."""

from collections.abc import Callable

from processors.turns.backchannels import is_backchannel, is_echo

BACKCHANNELS = """uh-huh|uh huh|Uh-huh.|mm-hmm|mhm|Mm.|hmm|okay|OK|Okay.|ok ok|right|Right.|
right, right|yeah|Yeah.|yeah, yeah|yep|sure|aha|ah|oh|oh okay|I see|I see.|got it|alright|
oh I see|okay, got it|great|good|perfect|yes|Yes.|mm-hmm, okay|ajá|Ajá.|ajá, ajá|vale|Vale.|
vale, vale|ya|ya, ya|claro|Claro.|sí|sí, sí|Sí, claro.|bueno|bien|muy bien|de acuerdo|entiendo|
entendido|ah, vale|eso|mm|[cough]|(coughs)|<noise>|[cough] okay|exactly|exacto|understood|fine|
ah ok|oh right|uhhuh|interesting|cool|perfecto|sí, ya"""

TURNS = """wait|Wait.|no|No.|stop|hold on|what?|what|excuse me|sorry|hello?|hello|why|
okay but what about my car|yes but I have a question|no, that's not it|right?|okay?|really?|
can you repeat that|agent|person|I want a person|help|how much is it|repeat|slower|pero espere|
espere|no no|alto|pare|perdón|qué|¿qué?|cómo|¿vale?|sí pero|no entiendo|un momento|una pregunta|
persona|otra vez|más despacio|gracias adiós|goodbye|that's wrong|eight|seven not eleven|ocho|
cancel|cancelar|my policy|la póliza|because|actually no|yes I would like to file a claim|
okay so I had an accident|vale y cuánto cuesta|claro pero no es eso|I don't know|not sure|
yeah no|mañana|tomorrow|yes please send it to me"""


def _clips(text: str) -> list[str]:
    return [clip.strip() for clip in text.split("|") if clip.strip()]


def test_precision_and_recall_of_the_labelled_set(figure: Callable[[str], None]) -> None:
    backchannels, turns = _clips(BACKCHANNELS), _clips(TURNS)
    hits = [clip for clip in backchannels if is_backchannel(clip)]
    false = [clip for clip in turns if is_backchannel(clip)]
    precision = len(hits) / (len(hits) + len(false))
    recall = len(hits) / len(backchannels)
    figure(f"precision {precision:.3f}, recall {recall:.3f} of {len(backchannels + turns)}")
    assert len(backchannels) >= 60
    assert len(turns) >= 60
    assert precision >= 0.98, false
    assert recall >= 0.95, sorted(set(backchannels) - set(hits))


def test_an_echo_is_known_by_its_words_in_order() -> None:
    spoken = "The deductible is the part of a claim that you pay yourself."
    assert is_echo("part of a claim that you", spoken, heard=True)
    assert is_echo("deductible", spoken, heard=False)
    assert not is_echo("deductible", spoken, heard=True)
    assert not is_echo("pay claim deductible the of", spoken, heard=True)
    assert not is_echo("what is my premium this year", spoken, heard=False)
