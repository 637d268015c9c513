"""What all scenes do: let a crowd call, wait, let it go, and prove that nothing of it was lost."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.fleet import proof
from tests.chaos.fleet.conversation import Manner
from tests.chaos.fleet.crowd import Order
from tests.chaos.fleet.gaps import gap, percentile
from tests.chaos.fleet.report import Report, Row
from tests.chaos.fleet.site import Site
from tests.chaos.fleet.told import Told

EXCHANGE = 8.0
"""Seconds of a question and its answer."""
GREETED = 90.0
"""Seconds until all callers of a crowd are greeted, on a busy machine."""
BACK = 30.0
"""Seconds until all callers have a stream again."""
TALK = 8.0
"""Seconds of talk before and after something happens."""


@dataclass(frozen=True, slots=True)
class Sizes:
    calls: int = 30
    talking: int = 10
    """Of them, at a time."""
    rounds: int = 10
    outage: float = 60.0
    """Seconds for which a store is away."""
    calm: float = 600.0
    """Seconds at 90 % CPU in which no call may be moved."""
    strangers: int = 2000
    slow: int = 200

    @property
    def manner(self) -> Manner:
        return Manner(period=EXCHANGE * self.calls / self.talking)


class Stage:
    def __init__(self, site: Site, report: Report, sizes: Sizes) -> None:
        self.site = site
        self.crowd = site.crowd
        self.report = report
        self.sizes = sizes

    async def begin(
        self, *, calls: int = 0, manner: Manner | None = None, on_drop: str = "action",
        copies: int = 1,
    ) -> None:  # fmt: skip
        """All are greeted when this returns."""
        count = calls or self.sizes.calls
        before = self.crowd.greeted
        manner = manner or self.sizes.manner
        await self.crowd.do(Order("ring", count, manner=manner, on_drop=on_drop, copies=copies))
        if not await self.crowd.until(lambda c: c.greeted >= before + count, GREETED):
            self.report.notes.append(f"{self.crowd.greeted - before} of {count} were greeted")
        self.crowd.lateness()  # how late they were while all came at once is no matter

    async def back(self, calls: int = 0) -> float:
        """Seconds until all have a stream."""
        clock = asyncio.get_running_loop().time
        began, count = clock(), calls or self.sizes.calls
        await asyncio.sleep(0.5)
        await self.crowd.until(lambda crowd: crowd.open >= count, BACK)
        return clock() - began

    async def prove(self, scene: str, told: Sequence[Told], kills: Sequence[float] = ()) -> None:
        """Counts of what was lost; each has to be 0."""
        await proof.written(self.site)
        lost = [one for one in told if one.lost]
        problems = await proof.Journal(self.site.database, self.site.log).problems(told, kills)
        forgotten = await proof.forgotten(self.site.valkey.port, told)
        self.report.notes += [f"{scene}: {one.trouble}" for one in lost]
        self.report.notes += [f"{scene}: {problem}" for problem in problems]
        self.count(scene, "calls", len(told), None)
        self.count(scene, "calls lost", len(lost), 0)
        if refused := sum(one.refused for one in told):
            self.count(scene, "callers who were told that all lines are busy", refused, None)
        self.count(scene, "turns heard", sum(one.heard for one in told), None)
        self.count(scene, "turns heard that memory lost", forgotten, 0)
        self.count(scene, "problems in the journal", len(problems), 0)

    def count(self, scene: str, what: str, figure: float, most: float | None) -> None:
        self.report.rows.append(Row(scene, what, float(figure), most))

    def time(self, scene: str, what: str, seconds: float, most: float | None) -> None:
        """`seconds` mean something where the callers were not late."""
        self.report.rows.append(Row(scene, what, seconds, most, "s", timed=True))

    def lateness(self, scene: str) -> None:
        """Of the callers themselves, since they began or were asked for it."""
        late = self.crowd.lateness()
        self.report.late[scene] = max(late, self.report.late.get(scene, 0.0))

    def gaps(
        self, scene: str, found: Sequence[float], *, p95: float | None, most: float | None
    ) -> None:
        finite = [one for one in found if math.isfinite(one)]
        self.count(scene, "calls moved", len(found), None)
        self.count(scene, "callers who heard nothing more", len(found) - len(finite), 0)
        self.time(scene, "gap p50", percentile(finite, 0.5), None)
        self.time(scene, "gap p95", percentile(finite, 0.95), p95)
        self.time(scene, "gap max", max(finite, default=0.0), most)


def gaps_of(told: Sequence[Told], fault: float) -> list[float]:
    found = (gap(one, fault) for one in told)
    return [one for one in found if one is not None]
