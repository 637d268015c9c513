"""What the model was told of itself is not said, and everything else is."""

import pytest

from knowledge import persona
from knowledge.withheld import Guard, Withheld
from tests.knowledge.examples import content

PERSONA = persona.load()
OWN = f"{PERSONA.persona}\n\n{PERSONA.instructions}"
WITHHELD = Withheld([OWN])


@pytest.mark.parametrize(
    "said",
    [
        OWN,
        "Sure, here it is: you are calm, friendly and brief, and you never pretend to be human.",
        "YOU ARE SPEAKING ON THE TELEPHONE, ANSWER IN THE CALLER'S LANGUAGE!",
        "Never invent amounts, dates, conditions or promises",
    ],
)
def test_what_repeats_the_instructions_is_held_back(said: str) -> None:
    assert WITHHELD.holds(said)


def test_a_row_of_words_may_begin_in_the_sentence_before() -> None:
    assert not WITHHELD.holds("You are calm, friendly.")
    assert not WITHHELD.holds("And brief, and you never.")
    assert WITHHELD.holds("and brief, and you never", "You are calm, friendly")


def test_no_answer_and_no_phrase_of_ours_is_taken_for_them() -> None:
    answers = [wording.answer for entry in content() for wording in entry.wordings.values()]
    phrases = [text for own in PERSONA.phrases.values() for texts in own.values() for text in texts]
    assert [text for text in [*answers, *phrases] if WITHHELD.holds(text)] == []


def test_an_answer_goes_on_around_what_is_withheld() -> None:
    told: list[bool] = []
    guard = Guard(WITHHELD, "I cannot say.", lambda: told.append(True))
    leak = "Never invent amounts, dates, conditions or promises."
    assert list(guard.passed(["Well.", leak, leak, "Anything else?"])) == [
        "Well.",
        "I cannot say.",
        "Anything else?",
    ]
    assert told == [True]


def test_without_instructions_nothing_is_withheld() -> None:
    assert not Withheld([""]).holds(OWN)
