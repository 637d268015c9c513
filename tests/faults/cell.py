"""A cell of the matrix: one service in one trouble, from the first failure to its recovery."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.calls.pulse import Pulse
from tests.faults.rig import Asked, Rig, happens
from tests.faults.speaking import EarsRig, ModelRig, TranslatorRig, VoiceRig
from tests.faults.storing import PineconeRig, PostgresRig, RedisRig, RestRig
from tests.faults.wire import Trouble

RIGS: Sequence[type[Rig]] = (
    EarsRig, TranslatorRig, ModelRig, VoiceRig, PineconeRig, RedisRig, PostgresRig, RestRig,
)  # fmt: skip
EXCUSED = 3.0
"""Seconds at most by which an answer may be later because the machine is."""
HELD_UP = 0.15
"""Seconds by which the loop comes late when a punctual provider may seem to be late."""
TRIES = 3
"""Questions on a machine that is late."""
BACK = 30.0
"""Seconds after its recovery in which the preferred provider is asked again."""


@dataclass(frozen=True, slots=True)
class Cell:
    service: str
    trouble: str
    healthy: float
    """Seconds to an answer before anything was wrong."""
    first: float
    """The same on the first failure."""
    open: float
    """The same on the third question, when the breaker is open where there is one."""
    back: float
    """Seconds from the provider's recovery until it was asked again."""
    problems: tuple[str, ...]


async def play(rig: Rig, trouble: Trouble, pulse: Pulse) -> Cell:
    await rig.ask()  # the first one makes connections
    healthy = await _well(rig, pulse)
    problems = [_told("healthy", healthy)]
    if not healthy.preferred:
        problems.append("healthy: not by the preferred provider")
    await rig.be(trouble)
    asked = []
    for name in ("first", "second", "third"):
        since = asyncio.get_running_loop().time()
        answer = await rig.ask()
        asked.append(answer)
        problems.append(_told(name, answer))
        if answer.seconds > rig.bound + min(EXCUSED, pulse.late(since)):
            problems.append(f"{name}: after {answer.seconds:.2f} s")
    await rig.be(None)
    began = time.monotonic()
    if not await happens(rig.recovered, BACK):
        problems.append("never asked again")
    back = time.monotonic() - began
    problems.append(await rig.finished())
    after = await _well(rig, pulse)
    problems.append(_told("after", after))
    if not after.preferred:
        problems.append("after: not by the preferred provider")
    problems.append(await rig.finished())
    first, _, third = asked
    return Cell(
        rig.service,
        trouble.value,
        healthy.seconds,
        first.seconds,
        third.seconds,
        back,
        tuple(problem for problem in problems if problem),
    )


async def _well(rig: Rig, pulse: Pulse) -> Asked:
    """While nothing is wrong; again where the machine, and no provider, was late."""
    for _ in range(TRIES):
        since = asyncio.get_running_loop().time()
        asked = await rig.ask()
        if asked.preferred or pulse.latest(since) < HELD_UP:
            break
        await happens(rig.recovered, BACK)
    return asked


def _told(name: str, asked: Asked) -> str:
    return f"{name}: {asked.problem}" if asked.problem else ""
