"""Decisions and outcomes as the journal would have written them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from knowledge.database import Database
from knowledge.events import Adjusted, Decided, Event, Learned
from knowledge.identity import fresh
from knowledge.posting import post
from knowledge.records import packed, unpacked
from knowledge.tables import metadata

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def create(database: Database) -> None:
    """All tables, empty: half a second sooner than by migrations."""
    async with database.writing() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)


def ticket(number: int) -> str:
    return str(UUID(int=number))


class History:
    """Written one second apart, the last of them just before `NOW`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._written = 0

    async def write(self, events: Iterable[Event], *, at: datetime = NOW) -> None:
        records = []
        listed = list(events)
        for place, event in enumerate(listed):
            moment = at.timestamp() - (len(listed) - place)
            known = event.ticket_id if isinstance(event, Decided) else fresh(moment)
            records.append(unpacked(packed(event, id=known, at=moment)))
        async with self.database.writing() as connection:
            for start in range(0, len(records), 2000):
                await post(connection, records[start : start + 2000])

    async def judged(
        self,
        department: str,
        results: Sequence[tuple[float, bool | None]],
        *,
        arm: str = "",
        spoken_from: float = 0.9,
        differing: bool = False,
        at: datetime = NOW,
    ) -> None:
        """Decisions of a probability each, and whether the answer was right; None: nobody said."""
        decisions: list[Event] = []
        outcomes: list[Event] = []
        for probability, right in results:
            self._written += 1
            name, call = ticket(self._written), f"CA{self._written}"
            route = "knowledge" if probability >= spoken_from else "model"
            made = Decided(call, name, route, probability, "e", department, "en", 0.001, arm=arm)
            decisions.append(replace(made, differing=differing))
            if right is not None:
                outcomes.append(Learned("", name, department if right else "elsewhere"))
        await self.write(decisions, at=at)
        await self.write(outcomes, at=at)

    async def changed(self, department: str, before: float, after: float, why: str) -> None:
        await self.write([Adjusted("", department, before, after, why)])


def mixed(
    count: int, probability: float, every: int, *, judged: int = 1
) -> list[tuple[float, bool | None]]:
    """`count` results near a probability: each `every`-th wrong, each `judged`-th with an outcome.

    0 for never.
    """
    return [
        (
            probability + 0.00001 * (k % 100),
            (not every or k // max(judged, 1) % every != every // 2)
            if judged and k % judged == 0
            else None,
        )
        for k in range(count)
    ]
