"""How much silence ends a turn: a pure rule over what is known of the pause.

Chosen on 37 recorded utterances with 33 pauses inside them: waiting longer than 1.2 s saves one
sentence that 1.2 s would cut, and it sounds surely unfinished. In Spanish the end-of-turn model
does not separate pauses from ends, so there silence decides.
"""

from dataclasses import dataclass

from processors.turns.backchannels import words_of

AT_ONCE = 0.16
"""Seconds of silence after a pause that surely sounds like an end: the detector's early stop."""
SURE = 0.25
"""After one that sounds like an end."""
UNSURE = 0.6
LONG = 1.2
"""After one that sounds unfinished."""
SILENCE_ONLY = 0.8
"""Where the sound of the pause says nothing, and after digits: people read them out in groups."""

CLEAR = 0.8
"""Verdict from which a pause surely is an end."""
COMPLETE = 0.5
"""Verdict from which a pause sounds like an end."""
OPEN = 0.1
"""Verdict up to which it sounds unfinished."""
HANGING = 0.01
"""Verdict up to which it surely does."""
BEGINNING = 2
"""Words of a turn that has only begun if its last word asks for another one."""

_WORDS = {
    "answers": """yes yeah yep no nope nah sure please thanks goodbye bye agent operator person
        correct right exactly never today tomorrow
        si claro gracias adios persona agente operador correcto exacto hoy manana nunca""",
    "digits": """zero oh one two three four five six seven eight nine double triple
        cero uno dos tres cuatro cinco seis siete ocho nueve doble""",
    "links": """and or but because so if the a an my your to of for with about from in on at i am
        is are was um uh y o pero porque que el la los las un una mi su de para con sobre en es er
        eh este""",
    "openers": """wait hold on stop no sorry excuse me hey hello hi listen actually well okay ok um
        espere espera oiga perdon perdone disculpe mire hola bueno vale pues no eh""",
    "weak links": """that this which have has will would can could should do does we not
        tengo quiero quisiera necesito hay""",
    "questions": "who cuando donde como",
}
_SHORT = frozenset(_WORDS["answers"].split())
_DIGITS = frozenset(_WORDS["digits"].split())
_LINKS = frozenset(_WORDS["links"].split())
"""Words that nobody ends on."""
_OPENERS = frozenset(_WORDS["openers"].split())
"""Words that more often begin a sentence than are one, however they sound."""
_WEAK_LINKS = frozenset(_WORDS["weak links"].split())
"""Words that few end on, and that are no turn by themselves."""
_OPEN_WORDS = _LINKS | _WEAK_LINKS | frozenset(_WORDS["questions"].split())
"""Words that mostly ask for another one."""


def could_end(text: str) -> bool:
    """Whether these words, perhaps not final yet, may be a whole turn."""
    words = words_of(text)
    whole = bool(words) and words[-1] not in _OPEN_WORDS
    return whole and not all(word in _OPENERS for word in words)


@dataclass(frozen=True, slots=True)
class Pause:
    text: str
    """What was heard of the turn so far."""
    verdict: float | None
    """The end-of-turn model's probability of an end; None: not asked, or not yet there."""
    judged: bool
    """Whether a verdict is there or will come."""


def silence(pause: Pause, patience: float) -> float:
    """Seconds since the last voiced sound after which the turn is over.

    `patience`: the longest for a turn that sounds unfinished; a quarter more for one that surely
    does, half as much again for one whose last word asks for another one too: of a turn that has
    just begun even if its sound leaves that open, and if it is all there is, whatever it sounds
    like.
    """
    words = words_of(pause.text)
    asks = bool(words) and words[-1] in _OPEN_WORDS
    if asks and len(words) == 1 and words[0] in _WEAK_LINKS:
        return 1.5 * patience
    if pause.verdict is not None and pause.verdict <= COMPLETE:
        if asks:
            begun = pause.verdict <= OPEN or len(words) <= BEGINNING
            return 1.5 * patience if begun else patience
        if pause.verdict <= HANGING:
            return 1.25 * patience
    return min(_silence(words, pause, patience), patience)


def _silence(words: list[str], pause: Pause, patience: float) -> float:
    if words and words[-1] in _LINKS:
        return max(LONG, patience)
    if words and (words[-1] in _DIGITS or words[-1].isdigit()):
        return SILENCE_ONLY
    if words and all(word in _OPENERS for word in words):
        return SILENCE_ONLY
    if pause.verdict is not None and pause.verdict > CLEAR:
        return AT_ONCE
    if words and all(word in _SHORT for word in words):
        return SURE
    if not pause.judged:
        return SILENCE_ONLY
    if pause.verdict is None:
        return max(LONG, patience)
    if pause.verdict > COMPLETE:
        return SURE
    return UNSURE if pause.verdict > OPEN else max(LONG, patience)
