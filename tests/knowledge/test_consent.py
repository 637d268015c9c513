"""What a caller says to being recorded."""

import pytest

from knowledge.consent import alone, consent, refuses
from knowledge.replies import Reply

REFUSALS = [
    "Please don't record this.",
    "I do not want to be recorded",
    "Stop recording, please.",
    "I'd rather not be recorded.",
    "please do not record me",
    "I'm not comfortable with you recording me",
    "could you turn the recording off",
    "switch off the recorder please",
    "I don't agree to being recorded.",
    "Delete the recording.",
    "no recording please",
    "I object to the recording",
    "I want this without any recording",
    "Don’t record",
    "No me grabe, por favor.",
    "No quiero que me graben.",
    "no quiero que se grabe esta llamada",
    "Deje de grabar.",
    "apague la grabadora",
    "Borre la grabación",
    "prefiero que no se grabe",
    "No autorizo la grabación.",
    "me niego a que me graben",
    "no estoy de acuerdo con la grabación",
    "sin grabar, por favor",
]
HARMLESS = [
    "Are you recording this call?",
    "Is this call being recorded?",
    "I don't have a record of that payment",
    "There is no record of my claim",
    "The dashcam recorded it",
    "I never recorded my policy number",
    "For the record, I paid in May",
    "I broke the world record, am I covered",
    "¿Me están grabando?",
    "¿Graban las llamadas?",
    "La cámara grabó el accidente",
    "no se grabó mi pago",
    "no",
    "I do not want to pay",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_understood(text: str) -> None:
    assert refuses(text)
    assert consent(text) is Reply.NO
    assert alone(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_who_speaks_of_records_refuses_nothing(text: str) -> None:
    assert not refuses(text)


def test_a_refusal_counts_within_a_longer_turn_and_is_not_all_of_it() -> None:
    text = (
        "Hello, please don't record this, and then I would like to know what my deductible is "
        "when somebody breaks a window of mine"
    )
    assert refuses(text)
    assert not alone(text)
    assert not alone("I don't want to be recorded. What is a deductible?")


@pytest.mark.parametrize(
    "text",
    ["Yes.", "yes, that's fine", "I don't mind", "No problem.", "sure, go ahead", "not at all",
     "that's all right", "It's fine with me.", "I agree", "you can record",
     "Sí, claro.", "No hay problema", "no me importa", "de acuerdo", "Estoy de acuerdo.",
     "puede grabar"],
)  # fmt: skip
def test_a_yes_is_understood(text: str) -> None:
    assert consent(text) is Reply.YES


@pytest.mark.parametrize(
    "text",
    ["No.", "no, thank you", "I'd rather not", "I do not agree", "I would prefer not to",
     "that's not okay", "No, gracias.", "No estoy de acuerdo.", "prefiero que no", "mejor no",
     "no doy permiso"],
)  # fmt: skip
def test_a_no_is_understood(text: str) -> None:
    assert consent(text) is Reply.NO


@pytest.mark.parametrize(
    "text", ["What is a deductible?", "Yes, what does a tow cost", "¿Qué es la prima?", "hello", ""]
)
def test_whatever_else_is_said_is_no_consent(text: str) -> None:
    assert consent(text) is None
