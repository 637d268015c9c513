"""What stands before the agent: who comes in, who comes back, and where all others go."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.fleet.arrivals import Arrivals, open_door
from agent.fleet.elsewhere import Elsewhere


async def _let_in(_call: str) -> None:
    return


def _let_go(_call: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Front:
    """As it is without a fleet, unless told otherwise."""

    arrivals: Arrivals = field(default_factory=open_door)
    """Who takes a call that comes in."""
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    """What becomes of calls that the agent does not take."""
    returns: Callable[[str], Awaitable[None]] = _let_in
    """Told a call that was let in before and wants another stream."""
    over: Callable[[str], None] = _let_go
    """Told a call that a person gets in place of another stream: nobody has to look after it."""
    full: Callable[[], bool] = lambda: False
    """Whether this worker carries more than it should: another one is to take the stream."""
