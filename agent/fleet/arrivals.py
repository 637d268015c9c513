"""Who takes a call that comes in: the agent, a person, or nobody at the moment."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from agent.web.limit import Limits

CALLING = "120/minute"
"""Calls from one number, at all workers: a company behind one switchboard is a caller too."""
REMEMBERED = 10_000
"""Calls whose webhook may be repeated: a repetition is no further call."""
WITHHELD = frozenset({"", "anonymous", "unknown", "restricted", "unavailable", "private"})
"""What stands in a number's place; of these, nobody knows whether two are one."""


class Way(Enum):
    AGENT = auto()
    PERSON = auto()
    """All calls go to people now."""
    FULL = auto()
    OFTEN = auto()
    """Its caller has called too often in a minute."""


class Arrivals:
    def __init__(
        self,
        admit: Callable[[str], Awaitable[bool]],
        *,
        people: Callable[[], bool] = lambda: False,
        limits: Limits | None = None,
        rate: str = CALLING,
    ) -> None:
        """`admit`: whether a call of this CallSid has a place, from then on."""
        self._admit = admit
        self.people = people
        self._limits = limits or Limits()
        self._rate = rate
        self._often: OrderedDict[str, bool] = OrderedDict()

    async def way(self, call: str, caller: str) -> Way:
        """`caller`: the number."""
        if await self._too_often(call, caller):
            return Way.OFTEN
        if self.people():
            return Way.PERSON
        return Way.AGENT if await self._admit(call) else Way.FULL

    async def _too_often(self, call: str, caller: str) -> bool:
        if call in self._often or caller.strip().lower() in WITHHELD:
            return self._often.get(call, False)
        self._often[call] = False  # a repetition does not wait for the answer
        while len(self._often) > REMEMBERED:
            self._often.popitem(last=False)
        who = hashlib.sha256(caller.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        often = bool(await self._limits.wait(self._rate, f"caller:{who}", once=call))
        if often:
            self._often[call] = True
        return often


async def _everybody(_call: str) -> bool:
    return True


def open_door() -> Arrivals:
    """Through which everybody comes to the agent: where there is no fleet."""
    return Arrivals(_everybody)
