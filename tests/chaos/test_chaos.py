import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from knowledge.database import migrate
from tests.chaos.rounds import VICTIMS, Victim, arena
from tests.postgres import Postgres, running


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        asyncio.run(migrate(server.address()))
        yield server


@pytest.mark.wire
@pytest.mark.timeout(300)  # two seconds each on a machine that does nothing else
@pytest.mark.parametrize("victim", [victim for victim in VICTIMS if victim != "postgres on files"])
async def test_nothing_acknowledged_is_lost_or_doubled_when_it_is_killed(
    victim: Victim, postgres: Postgres, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    async with arena(postgres, postgres.address(), tmp_path, enough=300, pace=500.0) as field:
        tally = await field.round(victim, 0, random.Random(victim))
    figure(
        f"{tally.acknowledged} acknowledged, {len(tally.lost)} lost, {len(tally.doubled)} doubled"
    )
    assert (tally.lost, tally.doubled, tally.unmerged) == ([], [], [])
    assert tally.acknowledged > 300
    assert bool(tally.by["redis"]) == ("files" not in victim)
