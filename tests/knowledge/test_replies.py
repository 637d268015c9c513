"""Yes, no, and neither, in English and Spanish."""

import pytest

from knowledge.replies import Reply, reply

YES = [
    "Yes.", "yes, please", "Yeah, sure.", "OK", "okay thank you", "Of course!", "Please do.",
    "Yes, call me back, please.", "That would be great, thanks.", "sure, why not", "all right",
    "Sí.", "sí, por favor", "Claro que sí", "Vale, gracias.", "por supuesto", "Sí, llámeme",
    "de acuerdo", "Adelante.",
]  # fmt: skip
NO = [
    "No.", "no, thanks", "No, forget it.", "Never mind.", "nope", "No thank you, that's fine.",
    "don't bother", "Cancel that, please.", "I changed my mind.", "No, leave it.", "not now",
    "No, gracias.", "no hace falta", "Déjelo.", "No, olvídelo, por favor.", "ya no",
    "Pare, por favor", "he cambiado de idea", "no importa",
]  # fmt: skip
NEITHER = [
    "", "Yes, but what does it cost?", "No problem at all with my car", "No, I meant my other car",
    "what does never mind mean", "When do you open?", "I do not know", "yesterday",
    "no sé cuándo fue", "sí pero cuánto cuesta", "cancel my policy", "can I cancel my contract",
    "nothing", "si tengo un accidente", "stop the payment", "person",
]  # fmt: skip


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert reply(text) is Reply.YES


@pytest.mark.parametrize("text", NO)
def test_no(text: str) -> None:
    assert reply(text) is Reply.NO


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    assert reply(text) is None
