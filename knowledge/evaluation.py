"""How good answers are, measured on questions whose right entry is known."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from knowledge.accuracy import Accuracy
from knowledge.answers import Answer, Question
from knowledge.routing import Route, Thresholds, choose

BINS = 15
"""Of equal width, for the expected calibration error."""
DRAWS = 200
"""Of right and wrong answers, to see what error luck alone makes."""
KEPT = 0.95
"""Share of what the content answers that is kept while the rest is told apart."""

Best = Callable[[Question], Answer | None]
Progress = Callable[[int, int], None]
"""How many are done, of how many."""
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def quietly(_done: int, _of: int) -> None:
    """A `Progress` for whoever does not care."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the entry that answers it."""

    text: str
    entry: str
    """"": none does."""
    language: str


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of each question, in their order."""

    confidence: Floats
    right: Bools
    """The best entry was the right one; never where none is."""
    inside: Bools
    """Some entry answers it."""
    spoken: Bools
    """Answered without the model."""
    barred: Bools
    """At no threshold: a rule forbids it, or there is nothing to say."""
    seconds: Floats

    def of(self, chosen: Bools) -> "Outcomes":
        return Outcomes(
            self.confidence[chosen],
            self.right[chosen],
            self.inside[chosen],
            self.spoken[chosen],
            self.barred[chosen],
            self.seconds[chosen],
        )


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """One after the other."""
    names = [field.name for field in fields(Outcomes)]
    return Outcomes(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """None: nothing to measure it by. Shares are in [0, 1], times in seconds."""

    questions: int
    """That some entry answers."""
    strangers: int
    """That none does."""
    accuracy: float | None
    calibration_error: float | None
    by_luck: float | None
    """The calibration error that so few questions would hardly exceed if there were none."""
    answered: float | None
    """Share of the questions that is answered without the model."""
    right: float | None
    """Of those answered, the share that is right."""
    right_at_least: float | None
    """The same, as it may be by the luck of these questions: a 95 % bound."""
    right_of_all: float | None
    """Of all that is answered, strangers too, the share that is right."""
    could_95: float | None
    """Share of the questions that could be, at the best threshold for 95 % right."""
    could_98: float | None
    strangers_answered: float | None
    strangers_known: float | None
    """Share that is less sure than all but 5 % of the questions."""
    p50: float
    p99: float
    per_second: float


def evaluate(
    best: Best,
    cases: Sequence[Case],
    thresholds: Thresholds,
    *,
    clock: Callable[[], float] = time.perf_counter,
    tell: Progress = quietly,
) -> Evaluation:
    return summary(outcomes(best, cases, thresholds, clock=clock, tell=tell))


def outcomes(
    best: Best,
    cases: Sequence[Case],
    thresholds: Thresholds,
    *,
    clock: Callable[[], float] = time.perf_counter,
    tell: Progress = quietly,
) -> Outcomes:
    """Every question asked once. `clock`: seconds."""
    confidence, right, spoken, barred, seconds = [], [], [], [], []
    for number, case in enumerate(cases, 1):
        began = clock()
        answer = best(Question(case.text, case.language))
        decision = choose(answer, thresholds, model_available=True, ticket_id="")
        seconds.append(clock() - began)
        confidence.append(decision.confidence)
        right.append(answer is not None and bool(case.entry) and answer.entry == case.entry)
        spoken.append(decision.route is Route.KNOWLEDGE)
        barred.append(unspeakable(answer))
        tell(number, len(cases))
    return Outcomes(
        np.array(confidence, np.float64),
        np.array(right, np.bool_),
        np.array([bool(case.entry) for case in cases], np.bool_),
        np.array(spoken, np.bool_),
        np.array(barred, np.bool_),
        np.array(seconds, np.float64),
    )


def unspeakable(answer: Answer | None) -> bool:
    """Whether no threshold is low enough for it to be spoken without the model."""
    return answer is None or not answer.sure(0.0)


def summary(found: Outcomes) -> Evaluation:
    inside, outside = found.of(found.inside), found.of(~found.inside)
    asked, strange = len(inside.right), len(outside.right)
    spoken = Accuracy(int(inside.right[inside.spoken].sum()), int(inside.spoken.sum()))
    p50, p99 = np.percentile(found.seconds, (50, 99)) if len(found.seconds) else (0.0, 0.0)
    total = float(found.seconds.sum())
    return Evaluation(
        questions=asked,
        strangers=strange,
        accuracy=float(inside.right.mean()) if asked else None,
        calibration_error=calibration_error(inside) if asked else None,
        by_luck=by_luck(inside) if asked else None,
        answered=spoken.total / asked if asked else None,
        right=spoken.rate,
        right_at_least=spoken.lower if spoken.total else None,
        right_of_all=float(found.right[found.spoken].mean()) if found.spoken.any() else None,
        could_95=reach(inside, 0.95) if asked else None,
        could_98=reach(inside, 0.98) if asked else None,
        strangers_answered=float(outside.spoken.mean()) if strange else None,
        strangers_known=told_apart(found) if asked and strange else None,
        p50=float(p50),
        p99=float(p99),
        per_second=len(found.seconds) / total if total else 0.0,
    )


def weights(found: Outcomes, strangers: float) -> Floats:
    """Of each turn, so that the strangers have this share of all."""
    inside = int(found.inside.sum())
    outside = len(found.inside) - inside
    shares = (1.0 - strangers) / max(inside, 1), strangers / max(outside, 1)
    each: Floats = np.where(found.inside, *shares)
    return each


def calibration_error(found: Outcomes, weight: Floats | None = None) -> float:
    """Expected (Guo et al., arXiv 1706.04599): how far confidence and share of right lie apart."""
    each = np.ones(len(found.right)) if weight is None else weight
    bins = np.minimum((found.confidence * BINS).astype(np.intp), BINS - 1)
    gaps = np.bincount(bins, each * (found.confidence - found.right), BINS)
    return float(np.abs(gaps).sum() / each.sum())


def by_luck(found: Outcomes, weight: Floats | None = None) -> float:
    """The error that 95 % of draws stay below where every confidence is exactly true."""
    rng = np.random.default_rng(0)
    draws = [
        calibration_error(
            replace(found, right=rng.random(len(found.right)) < found.confidence), weight
        )
        for _ in range(DRAWS)
    ]
    return float(np.quantile(draws, 0.95))


def reach(found: Outcomes, precision: float, weight: Floats | None = None) -> float:
    """The largest share that some threshold answers with so many right, seen in hindsight."""
    each = np.ones(len(found.right)) if weight is None else weight
    order = _surest(found)
    sure, counts = found.confidence[order], np.cumsum(each[order])
    ends = np.append(sure[1:] != sure[:-1], True)  # what is equally sure is answered together
    right = np.cumsum(each[order] * found.right[order])
    kept = counts[ends & (right >= precision * counts - 1e-9)]
    return float(kept.max(initial=0.0) / each.sum())


def threshold(found: Outcomes, precision: float) -> float:
    """The lowest confidence from which so many were right; above 1 where there is none."""
    order = _surest(found)
    sure = found.confidence[order]
    ends = np.append(sure[1:] != sure[:-1], True)
    counts = np.arange(1, len(order) + 1)
    kept = sure[ends & (np.cumsum(found.right[order]) >= precision * counts - 1e-9)]
    return float(kept.min(initial=2.0))


def _surest(found: Outcomes) -> NDArray[np.intp]:
    """Places of what some threshold would have spoken, the surest first."""
    order = np.argsort(-found.confidence, kind="stable")
    return order[~found.barred[order]]


def told_apart(found: Outcomes, kept: float = KEPT) -> float:
    """Share of the strangers below the confidence that `kept` of the questions reach."""
    inside = np.sort(found.confidence[found.inside])
    least = inside[int((1.0 - kept) * len(inside))]
    return float((found.confidence[~found.inside] < least).mean())
