"""Whether lately something happens more often than it should: a warning with a bound on false ones.

The detector restarts at every observation (Shiryaev and Roberts) and weighs several rates above the
limit at once (an e-detector: Shin, Ramdas, Rinaldo, arXiv 2203.03532). As long as the rate is at
most the limit, false alarms are at least `PATIENCE` observations apart on average, exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log

from knowledge.accuracy import alternatives, most

PATIENCE = 100_000
"""Observations between two false alarms, on average and at least."""
PATIENCE_JUDGED = 10_000
"""The same where few are observed: only outcomes say what was right."""
LEAST_ACCURACY = 0.85
"""Below it a department's accuracy is worth a warning."""
REFERENCE = 1000
"""Decisions that say how many of low confidence are usual."""
WATCHED = 4000
"""The newest decisions, which are compared with those before."""
_UNLUCKY = 0.01
"""How often the reference may show fewer than there usually are, so that the limit is too low."""


@dataclass(frozen=True, slots=True)
class Alarm:
    since: int
    """Observation, from 0, before which nothing spoke for a change."""
    at: int
    """Observation at which it was certain enough."""
    rate: float
    """From `since` to the last observation."""


def detect(happened: Iterable[bool], limit: float, patience: float = PATIENCE) -> Alarm | None:
    """The first alarm that the rate of what happened is above `limit`."""
    if not 0.0 < limit < 1.0:
        return None
    seen = list(happened)
    rates = alternatives(limit)
    factors = {
        True: [rate / limit for rate in rates],
        False: [(1.0 - rate) / (1.0 - limit) for rate in rates],
    }
    balance = {event: log(sum(each) / len(rates)) for event, each in factors.items()}
    weighed = [0.0] * len(rates)
    wanted, running, lowest, since = patience * len(rates), 0.0, 0.0, 0
    for place, event in enumerate(seen):
        weighed = [(1.0 + w) * f for w, f in zip(weighed, factors[event], strict=True)]
        running += balance[event]
        if sum(weighed) >= wanted:
            return Alarm(since, place, sum(seen[since:]) / len(seen[since:]))
        if running <= lowest:
            lowest, since = running, place + 1
    return None


def low_confidence(
    probabilities: Sequence[float],
    low: float,
    *,
    reference: int = REFERENCE,
    patience: float = PATIENCE,
) -> Alarm | None:
    """Of decisions, oldest first: whether more are below `low` than among the first `reference`.

    None where there are not yet decisions to compare.
    """
    if len(probabilities) <= reference:
        return None
    usual = sum(1 for probability in islice(probabilities, reference) if probability < low)
    limit = most(usual, reference, _UNLUCKY)
    return detect((probability < low for probability in probabilities[reference:]), limit, patience)


def inaccurate(
    right: Sequence[bool], *, least: float = LEAST_ACCURACY, patience: float = PATIENCE_JUDGED
) -> Alarm | None:
    """Of judged decisions, oldest first: whether fewer than `least` of them are right."""
    return detect((not each for each in right), 1.0 - least, patience)
