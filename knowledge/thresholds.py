"""Thresholds that outcomes teach: from which probability a promised share of answers is right.

Thresholds are tested one after the other, the highest first ("learn then test", Angelopoulos et
al., arXiv 2110.01052): each has to show, by an exact binomial test, that so few wrong answers would
be a coincidence if it broke the promise. The risk of being wrong is given out at three places and
handed on by each test that succeeds (the fallback procedure: Wiens, Pharm. Stat. 2003), so that bad
luck among the first few outcomes does not end the walk, and a threshold that breaks the promise is
certified at most as often as the whole risk says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.accuracy import UNCALIBRATED, Accuracy, evidence, most, tail

_STEPS = 50
"""Thresholds that are tried over the whole range of outcomes."""
_FIRST_WRONG = 2
"""The walk begins with as many outcomes as leave room for so many wrong ones."""
_PLACES = ((0.1, 0.25), (0.3, 0.5), (0.6, 0.25))
"""At which share of the outcomes which part of the risk is given out."""
ABSTAIN = 1.0
"""No answer is that sure: all go to the model."""


@dataclass(frozen=True, slots=True)
class Promise:
    precision: float = 0.95
    """Share of the spoken answers that is right."""
    floor: float = 0.70
    """Below it no threshold goes, whatever the outcomes say."""
    risk: float = 0.04
    """How often a certified threshold may break the promise by bad luck of its outcomes."""
    fewest: int = UNCALIBRATED
    """Outcomes below which nothing is learned."""
    enough: int = 300
    """Outcomes from which a threshold that cannot be shown to keep the promise goes up."""
    window: int = 500
    """Answers since a change after which the promise has to be shown anew, or it is undone."""
    hold: int = 200
    """Outcomes that a change by hand, or one that was undone, is left alone for."""
    step: float = 0.05
    """The most that a threshold moves at once, unless a certified one is higher."""
    gain: float = 0.01
    """Share of the turns that a lower threshold must at least add."""

    @property
    def wrong(self) -> float:
        """Share of the answers that may be wrong."""
        return 1.0 - self.precision


@dataclass(frozen=True, slots=True)
class Labelled:
    """Outcomes of a department, in the order in which they were decided."""

    probability: NDArray[np.float64]
    right: NDArray[np.bool_]
    """Whether the best entry's answer was right, or would have been."""

    def __len__(self) -> int:
        return len(self.probability)

    def above(self, threshold: float) -> "Labelled":
        kept = self.probability >= threshold
        return Labelled(self.probability[kept], self.right[kept])

    def newest(self, count: int) -> "Labelled":
        start = max(0, len(self) - count)
        return Labelled(self.probability[start:], self.right[start:])

    @property
    def accuracy(self) -> Accuracy:
        return Accuracy(int(self.right.sum()), len(self))

    @staticmethod
    def of(pairs: Sequence[tuple[float, bool]]) -> "Labelled":
        return Labelled(
            np.array([probability for probability, _ in pairs], np.float64),
            np.array([right for _, right in pairs], np.bool_),
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which share of the decisions has an outcome: at or above `threshold`, and from the floor to
    it. What the model or a person answered is often never judged."""

    threshold: float = 0.0
    above: float = 1.0
    below: float = 1.0


@dataclass(frozen=True, slots=True)
class Certified:
    threshold: float
    outcomes: int
    wrong: int


def certify(
    labelled: Labelled, promise: Promise, coverage: Coverage | None = None
) -> Certified | None:
    """The lowest threshold that can be shown to keep the promise; None where none can.

    Ranks, not probabilities, make the sequence: the result is the same however sharp the scores
    are. `coverage`: thresholds below the one in force need outcomes from below it.
    """
    known = labelled.above(promise.floor)
    if len(known) < promise.fewest:
        return None
    order = np.argsort(-known.probability, kind="stable")
    scores, wrong = known.probability[order], np.cumsum(~known.right[order], dtype=np.int64)
    found: Certified | None = None
    handed_on = 0.0
    for count, given in _sequence(scores, promise):
        risk = handed_on + given
        seen = coverage or Coverage()
        if risk and _keeps(scores[:count], wrong[:count], promise.wrong, risk, seen):
            found = Certified(float(scores[count - 1]), count, int(wrong[count - 1]))
            handed_on = risk
        else:
            handed_on = 0.0
    return found


def _sequence(scores: NDArray[np.float64], promise: Promise) -> Iterator[tuple[int, float]]:
    """How many of the highest scores each test takes, fewest first, with the risk given out there.

    Equal scores are taken all or none.
    """
    total = len(scores)
    ends = np.flatnonzero(np.append(scores[1:] < scores[:-1], True)) + 1
    first = min(_fewest(_FIRST_WRONG, promise), max(_fewest(0, promise), total // 2))
    wanted = np.append(np.arange(first, total, max(1, total // _STEPS)), total)
    counts = ends[np.unique(np.minimum(np.searchsorted(ends, wanted), len(ends) - 1))]
    given = np.zeros(len(counts))
    for place, part in _PLACES:
        given[np.abs(counts - place * total).argmin()] += part * promise.risk
    return zip(counts.tolist(), given.tolist(), strict=True)


def _fewest(wrong: int, promise: Promise) -> int:
    """Outcomes of which so many may be wrong and the promise is shown all the same."""
    count = wrong + 1
    while tail(wrong, count, promise.wrong) > promise.risk:
        count += 1
    return count


def _keeps(
    scores: NDArray[np.float64],
    wrong: NDArray[np.int64],
    allowed: float,
    risk: float,
    coverage: Coverage,
) -> bool:
    """Whether that few wrong ones would be a coincidence if more than `allowed` were.

    Where turns below the threshold in force are judged less often than those above, they stand
    for more: each side has its own bound, and they are weighed by the decisions they stand for.
    """
    count, mistakes = len(scores), int(wrong[-1])
    above = int(np.searchsorted(-scores, -coverage.threshold, side="right"))
    below = count - above
    if not below or not above or coverage.below >= coverage.above:
        return tail(mistakes, count, allowed) <= risk
    if coverage.below <= 0.0:
        return False
    share = above / coverage.above
    rest = below / coverage.below
    mistaken = int(wrong[above - 1])
    worst = share * most(mistaken, above, risk / 2.0)
    worst += rest * most(mistakes - mistaken, below, risk / 2.0)
    return worst / (share + rest) <= allowed


@dataclass(frozen=True, slots=True)
class Standing:
    """A department's threshold in force and what came since it is."""

    threshold: float
    previous: float | None = None
    """The one before the last change; None where there was none."""
    why: str = ""
    """Of the last change, as in `Adjusted`; "": the shipped one, never changed."""
    since: Labelled | None = None
    """Outcomes of decisions made since the last change; None where there was none."""


@dataclass(frozen=True, slots=True)
class Change:
    threshold: float
    why: str


def review(
    standing: Standing,
    labelled: Labelled,
    promise: Promise,
    coverage: Coverage | None = None,
) -> Change | None:
    """What a look at the outcomes changes; None: nothing. At once upwards, by steps downwards."""
    known = labelled.above(promise.floor)
    if len(labelled) < promise.fewest:
        return None
    if _broken(standing, labelled, promise):
        return _back(standing, promise)
    since = standing.since
    by_hand = standing.why in {"rolled_back", "admin", "experiment"}
    if by_hand and (since is None or len(since) < promise.hold):
        return None
    certified = certify(labelled, promise, coverage)
    if certified is None or certified.threshold > standing.threshold:
        return _more_careful(standing, known, certified, promise)
    aim = max(certified.threshold, promise.floor)
    added = len(known.above(aim)) - len(known.above(standing.threshold))
    if added < promise.gain * len(known):
        return None
    return Change(max(aim, standing.threshold - promise.step), "learned")


def _more_careful(
    standing: Standing, known: Labelled, certified: Certified | None, promise: Promise
) -> Change | None:
    """Unless the threshold in force keeps the promise by itself, whatever the others do."""
    seen = known.above(standing.threshold).accuracy
    if not seen.total or tail(seen.wrong, seen.total, promise.wrong) <= promise.risk:
        return None
    if certified is not None:
        return Change(certified.threshold, "learned")
    if standing.threshold >= ABSTAIN or len(known) < promise.enough:
        return None
    return _up(standing.threshold, promise)


def _broken(standing: Standing, labelled: Labelled, promise: Promise) -> bool:
    """Refuted, however few the outcomes are; or not shown anew by a whole window of them."""
    since = labelled if standing.since is None else standing.since
    seen = since.above(standing.threshold).newest(promise.window).accuracy
    if evidence(seen.wrong, seen.total, promise.wrong) >= 1.0 / promise.risk:
        return True
    full = standing.since is not None and seen.total >= promise.window
    return full and tail(seen.wrong, seen.total, promise.wrong) > promise.risk


def _back(standing: Standing, promise: Promise) -> Change | None:
    """To the one before, where that was the more careful; else a step up."""
    if standing.previous is not None and standing.previous > standing.threshold:
        return Change(standing.previous, "rolled_back")
    if standing.threshold >= ABSTAIN:
        return None
    return _up(standing.threshold, promise)


def _up(threshold: float, promise: Promise) -> Change:
    return Change(min(ABSTAIN, threshold + promise.step), "learned")
