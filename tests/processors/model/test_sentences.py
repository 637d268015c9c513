"""Sentences as they come out of tokens, and replies written by several providers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.model.sentences import Reply, Sentences


def split(text: str, language: str = "en", size: int = 1) -> list[str]:
    """As if it came in tokens of `size` characters."""
    sentences = Sentences(language)
    found = []
    for start in range(0, len(text), size):
        found += sentences.add(text[start : start + size])
    rest = sentences.rest()
    return [*found, rest] if rest else found


@pytest.mark.parametrize(
    "sentences",
    [
        ["Yes.", "I can do that.", "Anything else?"],
        ["The fee is $3.50 a day.", "That is all."],
        ["Dr. Smith will call you.", "He is at St. Mary's until 5 p.m. on Friday."],
        ["We need a receipt, e.g. a bill, i.e. proof.", "Then we pay."],
        ["Write to claims@example.com today!", "Really?", "Well… yes.", "Sure."],
        ['He said "stop."', "Then he left."],
        ["Policy no. 7 covers it.", "No. 8 does not."],
        ["Version 2.0 is out.", "It costs 1,250.75 dollars."],
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_english_is_cut_after_sentences_only(sentences: list[str], size: int) -> None:
    assert split(" ".join(sentences), "en", size) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["¿Qué es el deducible?", "Es lo que paga usted.", "¡Así de fácil!"],
        ["El Sr. García le llamará.", "La Sra. López también."],
        ["Cuesta 1.500,50 euros.", "Se paga al mes."],
        ["Abrimos a las 9 a. m. y cerramos a las 5 p. m.", "Llame cuando quiera."],
        ["La póliza n.º 5 sigue en vigor.", "Ud. puede consultarla."],
        ["En EE. UU. es distinto.", "Consulte la pág. 3 del contrato."],
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_spanish_is_cut_after_sentences_only(sentences: list[str], size: int) -> None:
    assert split(" ".join(sentences), "es", size) == sentences


def test_a_sentence_waits_for_the_character_after_it() -> None:
    sentences = Sentences("en")
    assert sentences.add("The fee is 3.") == []
    assert sentences.add("50 a day.") == []
    assert sentences.add(" ") == []
    assert sentences.add("T") == ["The fee is 3.50 a day."]
    assert sentences.rest() == "T"


def test_lines_end_sentences_and_numbers_alone_do_not() -> None:
    assert split("You need:\n1. A form.\n2. A photo.") == ["You need:", "1. A form.", "2. A photo."]


@given(st.text(alphabet="aZ1 .!?\n\"'¿é", max_size=60), st.integers(1, 7))
def test_no_character_is_lost_or_made_up(text: str, size: int) -> None:
    assert "".join("".join(split(text, "es", size)).split()) == "".join(text.split())


def test_a_reply_reads_as_one_text_whoever_writes_it() -> None:
    reply = Reply("en")
    first = reply.draft()
    assert first.add("We cover that. The rest is to") == ["We cover that."]
    second = reply.draft()
    assert second.add("We cover that! The rest is too. Any") == [" The rest is too."]
    assert second.finish(torn=False) == [" Any"]
    assert reply.said == "We cover that. The rest is too. Any"


@pytest.mark.parametrize(
    "sentence",
    [
        "Sure, I can help you with that.",
        "That's 3 well-spent days, isn't it?",
        "¿Quiere hablar con una persona?",
        "Claro que puede hacerlo.",
    ],
)
def test_a_plain_first_sentence_leaves_with_its_last_sign(sentence: str) -> None:
    draft = Reply("en").draft()
    assert draft.add(sentence) == [sentence]
    assert draft.add(" It takes") == []
    assert draft.finish(torn=False) == [" It takes"]


@pytest.mark.parametrize(
    "doubtful",
    [
        *("The fee is 3.", "Ask for Dr.", "We are open until 5 p.m.", "Write to claims@example."),
        *('He said "stop.', "Bring a bill, photos, etc.", "Really?", "Call the claims dept."),
    ],
)
def test_an_end_that_may_be_none_is_waited_for(doubtful: str) -> None:
    assert Reply("en").draft().add(doubtful) == []


def test_an_end_with_two_signs_is_one_end() -> None:
    draft = Reply("en").draft()
    assert draft.add("You really did that?") == ["You really did that?"]
    assert draft.add("!") == []
    assert draft.add("! Well done. N") == [" Well done."]


def test_only_the_first_sentence_is_in_such_a_hurry() -> None:
    draft = Reply("en").draft()
    draft.add("I can help you. It takes two")
    assert draft.add(" minutes.") == []


def test_a_provider_may_repeat_itself_but_not_another() -> None:
    reply = Reply("en")
    assert reply.draft().add("No. No. Well") == ["No.", " No."]
    assert reply.draft().finish(torn=False) == []


def test_a_torn_end_is_said_only_when_there_is_nothing_else() -> None:
    reply = Reply("en")
    draft = reply.draft()
    draft.add("All of it. But the pol")
    assert draft.finish(torn=True) == []
    alone = Reply("en").draft()
    alone.add("It depends on the pol")
    assert alone.finish(torn=True) == ["It depends on the pol"]
