"""Masking and languages, on the labelled utterances of `make bench-input`."""

from collections.abc import Callable

import pytest

from benchmarks.input import measure
from knowledge.fitted import SHIPPED_FIT, fitted_to
from knowledge.index import Index
from knowledge.language import Detector
from knowledge.spoken import Languages
from knowledge.strangers import Strangers
from tests.knowledge.examples import content


@pytest.fixture(scope="module")
def tell() -> Languages:
    detector = Detector.build(content(), ("en", "es"))
    return Languages(detector, ("en", "es"), Strangers.load())


def test_what_is_personal_is_masked_and_what_is_harmless_stays() -> None:
    found = measure.masking()
    assert measure.together(found.recall).all >= 2000
    assert found.recall["card"].rate >= 0.995
    assert {kind: s.rate for kind, s in found.recall.items() if s.rate < 0.98} == {}, found.missed
    assert {kind: s.rate for kind, s in found.precision.items() if s.rate < 0.97} == {}
    assert found.untouched.rate >= 0.97


def test_of_hard_talk_little_is_missed_and_nothing_harmless_is_masked() -> None:
    found = measure.masking("hard")
    assert found.recall["card"].rate >= 0.99
    assert measure.together(found.recall).rate >= 0.95
    assert measure.together(found.precision).rate >= 0.98


@pytest.mark.parametrize(
    ("kind", "said", "text", "masked"),
    [
        ("card", ["4111 1111"], "4111 1111", False),
        ("card", ["4111 1111"], "[number]", True),
        ("card", ["4111 1111"], "four one one one and [number]", False),
        ("card", ["4111 1111"], "411 [number]", True),
        ("email", ["a@b.com"], "it is a@b.com", False),
        ("cvv", ["123"], "the code is [security code]", True),
    ],
)
def test_what_can_be_put_together_again_is_not_masked(
    kind: str, said: list[str], text: str, masked: bool
) -> None:
    assert measure.masked(kind, said, text) is masked


def test_languages_are_told_by_few_words(tell: Languages, figure: Callable[[str], None]) -> None:
    shares = measure.languages(tell).values()
    right, of = sum(share.good for share in shares), sum(share.all for share in shares)
    figure(f"{right} of {of} utterances told apart")
    assert of >= 400
    assert right / of >= 0.99


def test_a_spanish_question_goes_the_way_of_its_english_twin_once_it_is_read() -> None:
    index = Index.build(content(), fitted=fitted_to(content(), SHIPPED_FIT))
    assert measure.twins(index.best, reading=True).rate >= 0.95


def test_callers_who_switch_are_followed_and_odd_words_are_not(tell: Languages) -> None:
    assert measure.switching(tell).rate >= 0.99
