"""A phrasing is never judged by knowledge that holds its twin."""

import random

import pytest

from knowledge.entries import Entry, Wording
from knowledge.twins import apart, deal, splits, twins
from knowledge.words import lexicon

ASKED = (
    "How do I cancel my policy?",
    "I want to cancel my policy please",
    "terminate the contract",
    "I would like to terminate my contract",
    "stop my coverage",
)
ENTRY = Entry("cancel", "policy", {"en": Wording(ASKED[0], ASKED[1:], "Gone.")})


def test_the_same_words_in_another_order_or_with_small_words_are_twins() -> None:
    groups = twins(ASKED, lexicon("en"))
    assert sorted(map(sorted, groups)) == [[0, 1], [2, 3], [4]]


def test_words_that_say_little_are_their_own_twin_only() -> None:
    assert twins(["please", "well", "please"], lexicon("en")) == [[1], [0, 2]]


@pytest.mark.parametrize("seed", range(20))
def test_what_stands_together_is_dealt_together(seed: int) -> None:
    dealt = deal([[0, 1], [2, 3], [4], [5], [6]], 3, random.Random(seed))
    assert sorted(number for part in dealt for number in part) == list(range(7))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
    for twin in ({0, 1}, {2, 3}):
        assert any(twin <= set(part) for part in dealt)


def test_every_phrasing_is_held_out_once_and_never_known_meanwhile() -> None:
    held = []
    for (entry,), cases in splits([ENTRY], "en", 3, random.Random(1)):
        asked = entry.wordings["en"].asked
        assert sorted([*asked, *(case.text for case in cases)]) == sorted(ASKED)
        assert {case.entry for case in cases} <= {"cancel"}
        held += [case.text for case in cases]
    assert sorted(held) == sorted(ASKED)


def test_the_same_seed_holds_out_the_same() -> None:
    one, other = (apart([ENTRY], "en", 3, random.Random(7)) for _ in range(2))
    assert one == other


def test_an_entry_is_never_left_without_a_word() -> None:
    lone = Entry("lone", "any", {"en": Wording("stop my coverage", (), "Gone.")})
    spanish = Entry("other", "any", {"es": Wording("hola", (), "Hola.")})
    known, held = apart([lone, spanish], "en", 1, random.Random(1))
    assert known == (lone, spanish)
    assert held == ()
