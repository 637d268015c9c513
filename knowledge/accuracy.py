"""How often it was right, and how sure that is: exact bounds on a share that was counted."""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, lgamma, log, log1p

from knowledge.routing import Route

RISK = 0.05
"""Of each one-sided bound: how often the truth may lie beyond it."""
UNCALIBRATED = 60
"""Outcomes below which a department's figures promise nothing: 59 right ones in a row are the
fewest that show 95 %."""


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"


_SPOKEN = frozenset({Route.KNOWLEDGE.value, Route.CACHE.value})
_ROUTES = frozenset(route.value for route in Route)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def decided_right(outcome: str | None, *, department: str, entry: str, route: str) -> Verdict:
    """Whether the decision was what it should have been.

    An outcome names a department, a route or an entry. A word that is none of ours counts as
    wrong: where it is only unknown, nothing should have been said.
    """
    said = (outcome or "").strip().casefold()
    if not said:
        return Verdict.UNKNOWN
    if said in _ROUTES:
        alike = said == route or {said, route} <= _SPOKEN
        return Verdict.RIGHT if alike else Verdict.WRONG
    return Verdict.RIGHT if _same(said, department) or _same(said, entry) else Verdict.WRONG


def answer_right(outcome: str | None, *, department: str, entry: str) -> Verdict:
    """Whether the best entry's answer was, or would have been, right: what thresholds learn from.

    That the model or a person should have had the turn means that it was not.
    """
    said = (outcome or "").strip().casefold()
    if not said:
        return Verdict.UNKNOWN
    named = said in _SPOKEN or _same(said, department) or _same(said, entry)
    return Verdict.RIGHT if named else Verdict.WRONG


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`right` of `total`, with Clopper and Pearson's one-sided bounds (Biometrika 1934)."""

    right: int
    total: int

    @property
    def wrong(self) -> int:
        return self.total - self.right

    @property
    def rate(self) -> float | None:
        return self.right / self.total if self.total else None

    @property
    def lower(self) -> float:
        return 1.0 - most(self.wrong, self.total, RISK)

    @property
    def upper(self) -> float:
        return most(self.right, self.total, RISK)

    @property
    def calibrated(self) -> bool:
        return self.total >= UNCALIBRATED


def tail(events: int, total: int, rate: float) -> float:
    """The probability of at most so many events in `total` trials of this rate each."""
    if events < 0:
        return 0.0
    if events >= total or rate <= 0.0:
        return 1.0
    if rate >= 1.0:
        return 0.0
    if events + 1 > (total + 1) * rate:  # beyond the mode: what is left above is the smaller sum
        return 1.0 - tail(total - events - 1, total, 1.0 - rate)
    term = summed = exp(
        lgamma(total + 1)
        - lgamma(events + 1)
        - lgamma(total - events + 1)
        + events * log(rate)
        + (total - events) * log1p(-rate)
    )
    odds = (1.0 - rate) / rate
    for count in range(events, 0, -1):
        term *= count / (total - count + 1) * odds
        summed += term
        if term < summed * 1e-15:
            break
    return min(summed, 1.0)


def most(events: int, total: int, risk: float) -> float:
    """The highest rate that so many events of `total` leave possible: the bound is exact."""
    if events >= total:
        return 1.0
    low, high = events / total, 1.0
    while high - low > 1e-9:  # noqa: PLR2004
        middle = (low + high) / 2.0
        if tail(events, total, middle) > risk:
            low = middle
        else:
            high = middle
    return high


_EXCESSES = (1.25, 1.5, 2.0, 3.0, 5.0, 8.0)
"""How many times as often as allowed something may happen, all thought equally likely."""


def alternatives(limit: float) -> tuple[float, ...]:
    """Rates above `limit`, below 1, that evidence is weighed for."""
    room = 1.0 - limit
    return tuple(limit + room * (1.0 - exp(-limit * (k - 1.0) / room)) for k in _EXCESSES)


def evidence(events: int, total: int, limit: float) -> float:
    """How many times more probable this is under a rate above `limit` than under one up to it.

    An e-value that may be looked at after every trial: where the rate is at most `limit`, the
    probability that it ever reaches 20 is at most 1/20 (Ville's inequality).
    """
    if not 0.0 < limit < 1.0:
        return inf if limit <= 0.0 < events else 0.0
    scores = [
        events * log(rate / limit) + (total - events) * log((1.0 - rate) / (1.0 - limit))
        for rate in alternatives(limit)
    ]
    return sum(exp(min(score, 600.0)) for score in scores) / len(scores)
