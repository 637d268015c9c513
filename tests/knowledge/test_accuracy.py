"""What counts as right, and how sure a counted share is."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.accuracy import (
    Accuracy,
    Verdict,
    answer_right,
    decided_right,
    evidence,
    most,
    tail,
)

RIGHT, WRONG, UNKNOWN = Verdict.RIGHT, Verdict.WRONG, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("outcome", "decided", "answer"),
    [
        ("claims", RIGHT, RIGHT),
        (" Claims ", RIGHT, RIGHT),
        ("what-is-a-deductible", RIGHT, RIGHT),
        ("billing", WRONG, WRONG),
        ("knowledge", RIGHT, RIGHT),
        ("cache", RIGHT, RIGHT),
        ("model", WRONG, WRONG),
        ("a word of their own", WRONG, WRONG),
        ("", UNKNOWN, UNKNOWN),
        (None, UNKNOWN, UNKNOWN),
    ],
)
def test_an_outcome_says_whether_decision_and_answer_were_right(
    outcome: str | None, decided: Verdict, answer: Verdict
) -> None:
    entry = "what-is-a-deductible"
    assert decided_right(outcome, department="claims", entry=entry, route="knowledge") == decided
    assert answer_right(outcome, department="claims", entry=entry) == answer


def test_a_turn_that_was_rightly_passed_on_had_no_right_answer() -> None:
    assert decided_right("model", department="claims", entry="", route="model") is RIGHT
    assert answer_right("model", department="claims", entry="") is WRONG


def test_nothing_named_agrees_with_nothing_known() -> None:
    assert decided_right(" ", department="", entry="", route="model") is UNKNOWN
    assert decided_right("billing", department="", entry="", route="model") is WRONG


@given(st.integers(1, 60), st.floats(0.001, 0.999), st.data())
def test_a_tail_is_the_sum_of_its_terms(total: int, rate: float, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, total))
    terms = [comb(total, k) * rate**k * (1 - rate) ** (total - k) for k in range(events + 1)]
    assert tail(events, total, rate) == pytest.approx(sum(terms), rel=1e-9, abs=1e-12)


def test_a_tail_of_many_trials_neither_vanishes_nor_exceeds_one() -> None:
    assert tail(99_000, 100_000, 0.5) == 1.0
    assert tail(50_000, 100_000, 0.5) == pytest.approx(0.5, abs=0.01)
    assert tail(-1, 10, 0.5) == 0.0
    assert (tail(3, 10, 0.0), tail(3, 10, 1.0), tail(10, 10, 1.0)) == (1.0, 0.0, 1.0)


def test_fifty_nine_right_ones_in_a_row_are_the_fewest_that_show_95_percent() -> None:
    assert Accuracy(58, 58).lower < 0.95 <= Accuracy(59, 59).lower


@pytest.mark.parametrize("rate", [0.5, 0.85, 0.95, 0.99])
def test_the_truth_lies_beyond_a_bound_in_at_most_5_percent(rate: float) -> None:
    """Exactly, over everything that 120 trials may come to."""
    total = 120
    chance = [comb(total, k) * rate**k * (1 - rate) ** (total - k) for k in range(total + 1)]
    above = sum(p for k, p in enumerate(chance) if Accuracy(k, total).lower > rate)
    below = sum(p for k, p in enumerate(chance) if Accuracy(k, total).upper < rate)
    assert above <= 0.05
    assert below <= 0.05


def test_nothing_counted_promises_nothing() -> None:
    nothing = Accuracy(0, 0)
    assert (nothing.rate, nothing.lower, nothing.upper) == (None, 0.0, 1.0)
    assert not nothing.calibrated
    assert most(0, 0, 0.05) == 1.0


def test_evidence_counts_what_happens_too_often_and_nothing_else() -> None:
    assert evidence(0, 0, 0.05) == 1.0
    assert evidence(20, 100, 0.05) > 1e4
    assert evidence(2, 100, 0.05) < 1.0
    assert evidence(1, 1, 0.0) == float("inf")
    assert evidence(5, 5, 1.0) == 0.0
