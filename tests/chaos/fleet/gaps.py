"""Gaps at the caller's ear: while the agent speaks or owes an answer, from its last audible sample
to the next; otherwise until the first media message is accepted again."""

import math
from collections.abc import Sequence

from tests.chaos.fleet.told import Told

BREATH = 0.03
"""Seconds from the last sample of speech that was cut off to the cut, at most; whoever is moved in
a pause has heard more silence."""
NEXT_TO_NOTHING = 0.2
"""Seconds of a gap within what counts as one stretch of speech: it is no longer than this."""


def gap(told: Told, fault: float) -> float | None:
    """Seconds; None where the fault took no stream from this call. Infinite where it never came
    back. What the caller said in the meantime is not waited for: it is lost by nature."""
    legs = [leg for leg in told.legs if leg.started is not None]
    for leg, following in zip(legs, [*legs[1:], None], strict=True):
        assert leg.started is not None
        if leg.closed is None or leg.started > fault or leg.closed < fault:
            continue
        if leg.ended_by == "twilio" and following is None:
            return None  # the caller hung up, untouched
        if following is None or following.started is None:
            return math.inf
        return _silence(told, fault, leg.closed, following.started)
    return None


def _silence(told: Told, fault: float, closed: float, again: float) -> float:
    speaking = next(
        (end for start, end in told.spans if start <= fault <= end + BREATH and start < closed),
        None,
    )
    if speaking is None and not _owing(told, fault):
        return again - fault
    if speaking is not None and speaking > again:
        return NEXT_TO_NOTHING
    since = fault if speaking is None else speaking
    heard = [start for start, _ in told.spans if start > max(since, fault)]
    return min(heard, default=math.inf) - since


def _owing(told: Told, fault: float) -> bool:
    """What was asked before the last question is given up: nobody waits for its answer."""
    asked = [one for one in told.asked if one.began <= fault]
    if not asked or asked[-1].ended > fault:
        return False
    answered = asked[-1].answered
    return answered is None or answered > fault


def percentile(values: Sequence[float], share: float) -> float:
    """By nearest rank; 0 for none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0
