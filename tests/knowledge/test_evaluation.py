"""An evaluation says what a threshold would have done, and how far confidence can be believed."""

from collections.abc import Sequence

import numpy as np
import pytest

from knowledge.answers import Answer, Question
from knowledge.evaluation import (
    Case,
    Outcomes,
    by_luck,
    calibration_error,
    evaluate,
    joined,
    reach,
    summary,
    threshold,
    told_apart,
    weights,
)
from knowledge.outside import unseen
from knowledge.routing import Thresholds


def found(
    confidence: Sequence[float],
    right: Sequence[int],
    inside: Sequence[int] | None = None,
    barred: Sequence[int] | None = None,
) -> Outcomes:
    count = len(confidence)
    return Outcomes(
        np.array(confidence, np.float64),
        np.array(right, np.bool_),
        np.array(inside if inside is not None else [1] * count, np.bool_),
        np.array(confidence) >= 0.9,
        np.array(barred if barred is not None else [0] * count, np.bool_),
        np.full(count, 0.001),
    )


def answer(
    entry: str, confidence: float, *, leaning: bool = False, differing: bool = False
) -> Answer:
    return Answer(
        text="said",
        confidence=confidence,
        entry=entry,
        department="any",
        language="en",
        leaning=leaning,
        differing=differing,
    )


def test_what_some_threshold_could_answer_is_counted_from_the_surest() -> None:
    outcomes = found([0.99, 0.9, 0.8, 0.7], [1, 1, 0, 1])
    assert reach(outcomes, 1.0) == 0.5
    assert reach(outcomes, 0.75) == 1.0
    assert threshold(outcomes, 1.0) == 0.9


def test_equally_sure_answers_are_given_together_or_not_at_all() -> None:
    outcomes = found([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 0])
    assert reach(outcomes, 0.95) == 0.0
    assert threshold(outcomes, 0.95) > 1.0
    assert reach(outcomes, 0.75) == 1.0


def test_what_is_barred_is_answered_at_no_threshold_and_its_confidence_counts() -> None:
    outcomes = found([0.99, 0.89, 0.8, 0.7], [1, 1, 1, 0], barred=[0, 1, 0, 1])
    assert reach(outcomes, 0.95) == 0.5
    assert reach(outcomes, 0.95, np.array([0.4, 0.1, 0.3, 0.2])) == pytest.approx(0.7)
    assert threshold(outcomes, 0.5) == 0.8
    assert reach(found([0.9], [1], barred=[1]), 0.95) == 0.0
    assert threshold(found([0.9], [1], barred=[1]), 0.95) > 1.0
    allowed = found([0.99, 0.89, 0.8, 0.7], [1, 1, 1, 0])
    assert calibration_error(outcomes) == calibration_error(allowed)


def test_a_true_confidence_has_no_error_and_a_boast_has_its_excess() -> None:
    assert calibration_error(found([0.75] * 4, [1, 1, 1, 0])) == pytest.approx(0.0)
    assert calibration_error(found([0.95] * 4, [1, 1, 0, 0])) == pytest.approx(0.45)
    assert calibration_error(found([1.0, 0.0], [1, 0])) == 0.0


def test_few_questions_make_an_error_by_luck_and_many_hardly_any() -> None:
    few, many = found([0.7] * 20, [1] * 20), found([0.7] * 5000, [1] * 5000)
    assert by_luck(few) > 0.1
    assert by_luck(many) < 0.03


def test_strangers_are_known_by_a_confidence_below_nearly_all_questions() -> None:
    questions = [0.5] + [0.8] * 19
    outcomes = found([*questions, 0.7, 0.9], [1] * 20 + [0, 0], [1] * 20 + [0, 0])
    assert told_apart(outcomes) == 0.5
    assert summary(outcomes).strangers_answered == 0.5


def test_strangers_count_as_often_as_they_call() -> None:
    outcomes = found([0.9, 0.9, 0.8, 0.95], [1, 1, 1, 0], [1, 1, 1, 0])
    each = weights(outcomes, 0.18)
    assert each[:3].sum() == pytest.approx(0.82)
    assert each[3] == pytest.approx(0.18)
    assert reach(outcomes, 0.8, each) == pytest.approx(1.0)
    assert reach(outcomes, 0.95, each) == 0.0


def test_every_question_is_asked_once_and_timed() -> None:
    known = {"a": answer("one", 0.95), "b": answer("two", 0.97), "c": answer("one", 0.5)}
    cases = [Case(text, "" if text == "d" else "one", "en") for text in "abcd"]
    ticks = iter(range(100))
    told: list[tuple[int, int]] = []

    def best(question: Question) -> Answer | None:
        return known.get(question.text)

    result = evaluate(
        best,
        cases,
        Thresholds(),
        clock=lambda: float(next(ticks)),
        tell=lambda done, of: told.append((done, of)),
    )
    assert (result.questions, result.strangers) == (3, 1)
    assert result.accuracy == pytest.approx(2 / 3)
    assert (result.answered, result.right) == (pytest.approx(2 / 3), 0.5)
    assert result.strangers_answered == 0.0
    assert (result.p50, result.per_second) == (1.0, 1.0)
    assert told[-1] == (4, 4)


def test_what_leans_on_the_conversation_is_not_answered_however_sure() -> None:
    sure = answer("one", 0.99, leaning=True)
    result = evaluate(lambda _: sure, [Case("and for her", "one", "en")], Thresholds())
    assert result.answered == 0.0
    assert result.right is None
    assert (result.could_95, result.could_98) == (0.0, 0.0)
    assert result.calibration_error == pytest.approx(0.01)


def test_what_could_be_answered_is_neither_barred_nor_nothing() -> None:
    known = {"a": answer("one", 0.99), "b": answer("one", 0.89, differing=True)}
    cases = [Case(text, "one", "en") for text in "ab"] + [Case("c", "one", "en")]
    result = evaluate(lambda question: known.get(question.text), cases, Thresholds())
    assert result.could_95 == pytest.approx(1 / 3)
    assert result.accuracy == pytest.approx(2 / 3)


def test_nothing_asked_is_nothing_measured() -> None:
    result = evaluate(lambda _: None, [], Thresholds())
    assert (result.accuracy, result.calibration_error, result.strangers_known) == (None,) * 3
    assert result.per_second == 0.0


def test_parts_are_judged_as_one() -> None:
    both = joined([found([0.9], [1]), found([0.4], [0])])
    assert both.confidence.tolist() == [0.9, 0.4]
    assert reach(both, 1.0) == 0.5


def test_there_are_strangers_in_the_shipped_languages_only() -> None:
    assert len(unseen("en")) + len(unseen("es")) >= 100
    assert unseen("de") == unseen("../en") == []
