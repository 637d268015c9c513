"""What a call's turns were then, beside what they are now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.replaying.turns import Turn

Outcome = Literal["same", "other", "left_out", "now"]
"""now: nothing is known of then."""
_SURE = frozenset({"knowledge", "cache"})
"""Routes that say an entry's own words; the second one only remembers the first one's choice."""
MASKED = "something in it was masked, and the recording is silent there"
KEYS = "keys were pressed, and the recording does not say which"
UNREACHED = "the call was over before"
NO_TURN = "it made no turn"
NEW = "it made no turn then"


@dataclass(frozen=True, slots=True)
class Row:
    outcome: Outcome
    then: Turn | None
    now: Turn | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A turn, and the indices of the stretches that it is made of."""

    turn: Turn
    of: frozenset[int]


@dataclass(frozen=True, slots=True)
class Again:
    """Stretches by their index."""

    said: frozenset[int]
    silent: frozenset[int]
    """They could not be said."""


def compare(then: Sequence[Made], now: Sequence[Made], again: Again) -> list[Row]:
    """In the order of the old turns; what only the new call has comes last."""
    left = list(now)
    rows = [_row(made, left, again) for made in then]
    return rows + [Row("other", None, made.turn, NEW) for made in left]


def alone(now: Sequence[Made]) -> list[Row]:
    return [Row("now", None, made.turn) for made in now]


def way(turn: Turn) -> tuple[str, str]:
    """Route and entry, so far as a caller hears a difference."""
    return ("knowledge", turn.entry) if turn.route in _SURE else (turn.route, "")


def _row(made: Made, left: list[Made], again: Again) -> Row:
    then = made.turn
    if then.keyed:
        return Row("left_out", then, None, KEYS)
    if then.masked or not made.of or made.of & again.silent:
        return Row("left_out", then, None, MASKED)
    if not made.of & again.said:
        return Row("other", then, None, UNREACHED)
    fitting = [one for one in left if one.of & made.of]
    if not fitting:
        return Row("other", then, None, NO_TURN)
    found = max(fitting, key=lambda one: max(one.of & made.of))
    left.remove(found)
    return Row("same" if way(then) == way(found.turn) else "other", then, found.turn)
