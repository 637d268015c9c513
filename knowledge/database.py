"""PostgreSQL or SQLite behind one address: its pool, its schema, its errors in our words."""

import asyncio
import sqlite3
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Connection, event, exc, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

from knowledge.chain import Fault
from knowledge.records import Unfit
from knowledge.tables import REVISION

CONNECT = 5.0
"""Seconds for a connection, and for one of the pool to become free."""
STATEMENT = 10.0
"""Seconds for a statement; half of it for a lock."""
_ALEMBIC = threading.Lock()
"""Its `context` belongs to the process: two upgrades in two threads hang."""
MIGRATING = 0x616E6D67
"""The advisory lock of a migration: of two, the second waits and finds nothing left to do."""
_AGAIN = 0.01
"""Seconds until a file that another one is opening is tried again."""
_UNFIT = ("22", "23")
"""Classes of SQLSTATE that are the data's own fault (data exception, integrity violation)."""
_OLDER = {"42P01", "42703"}
"""No such table, no such column."""


class Database:
    """Connections to one database; opened when first used."""

    def __init__(self, address: str, *, pool: int = 2) -> None:
        """`address`: postgresql://… or sqlite:///path. Raises ValueError for another one."""
        self._url, arguments = _driver(address)
        self.sqlite = self._url.get_backend_name() == "sqlite"
        if self.sqlite:
            self._engine = create_async_engine(self._url, connect_args=arguments)
            _prepare_sqlite(self._engine)
        else:
            self._engine = create_async_engine(
                self._url,
                connect_args=arguments,
                pool_size=pool,
                max_overflow=0,
                pool_timeout=CONNECT,
                pool_pre_ping=True,
                pool_recycle=1800,
            )

    @property
    def name(self) -> str:
        """For people: never a password, never a host's name."""
        return "SQLite" if self.sqlite else "PostgreSQL"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Raises Fault where the database is away."""
        with faults():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at its end. Raises Fault, or Unfit for what it cannot take."""
        with faults():
            async with self._engine.connect() as connection:
                writer = await connection.execution_options(answerline_writing=True)
                async with writer.begin():
                    yield writer

    async def revision(self) -> str:
        """Of the schema; "" where nothing was ever migrated. Raises Fault."""
        try:
            async with self.reading() as connection:
                found = await connection.execute(text("SELECT version_num FROM alembic_version"))
                return str(found.scalar() or "")
        except Missing:
            return ""

    async def check(self) -> None:
        """Raises Fault(denied) where `answerline migrate` is wanted; SQLite needs nobody for it.

        A newer schema is as good as ours: migrations only add.
        """
        found = await self.revision()
        if found < REVISION and not self.sqlite:
            raise Fault(
                "denied", f"schema {found or 'empty'}, wants {REVISION}: answerline migrate"
            )

    async def prepare(self) -> None:
        """Before the first write: as `check`, and SQLite gets its tables."""
        await self.check()
        if self.sqlite and await self.revision() < REVISION:
            address = self._url.render_as_string(hide_password=False)
            await asyncio.to_thread(lambda: asyncio.run(migrate(address)))  # none of it on our loop

    async def close(self) -> None:
        await self._engine.dispose()


class Missing(Fault):
    """A table or a column is not there: the schema is older than we are."""

    def __init__(self) -> None:
        super().__init__("denied", "the schema is older: answerline migrate")


async def migrate(address: str) -> tuple[str, str]:
    """The schema's revision before and after. Two at once are safe. Raises Fault, ValueError."""
    url, arguments = _driver(address, statement=0.0)
    engine = create_async_engine(url, connect_args=arguments, poolclass=NullPool)
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(engine)
    try:
        with faults():
            async with engine.connect() as connection:
                writer = await connection.execution_options(answerline_writing=True)
                async with writer.begin():
                    return await writer.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> tuple[str, str]:
    """Whole or not at all: both databases roll a schema back. SQLite's writer is alone anyway."""
    from alembic import command  # noqa: PLC0415 - 0.2 s that a worker on a ready schema saves
    from alembic.config import Config  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    context = MigrationContext.configure(connection)
    before = context.get_current_revision() or ""
    if before < REVISION:
        with as_file(files("knowledge") / "migrations") as folder:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(folder).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            with _ALEMBIC:
                command.upgrade(config, "head")
    return before, context.get_current_revision() or ""


@contextmanager
def faults() -> Iterator[None]:
    """Drivers' errors in the words of our policy: away (Fault), or never to be taken (Unfit)."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _translated(error) from error
    except exc.TimeoutError as error:
        raise Fault("limited", "no connection of the pool is free") from error
    except exc.StatementError as error:
        raise Unfit(type(error.orig).__name__) from error
    except TimeoutError as error:
        raise Fault("late") from error
    except (OSError, asyncpg.InterfaceError) as error:
        raise Fault("refused", type(error).__name__) from error
    except asyncpg.PostgresError as error:
        raise Fault("refused", error.sqlstate or "") from error


def _translated(error: exc.DBAPIError) -> Exception:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state in _OLDER or "no such table" in str(error.orig) or "no such column" in str(error.orig):
        return Missing()
    if state.startswith(_UNFIT) or isinstance(error, exc.IntegrityError | exc.DataError):
        return Unfit(state or type(error.orig).__name__)
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, asyncpg.DataError) and not state:  # an argument that it cannot encode
        return Unfit(type(cause).__name__)
    if state or not isinstance(error.orig, sqlite3.Error):  # PostgreSQL's text may quote a value
        return Fault("refused" if error.connection_invalidated else "broken", state)
    return Fault("broken", str(error.orig))


def _driver(address: str, *, statement: float = STATEMENT) -> tuple[URL, dict[str, Any]]:
    """The address in SQLAlchemy's words, and what its driver is told. `statement` 0: no limit."""
    try:
        url = make_url(address)
    except exc.ArgumentError as error:
        raise ValueError("not the address of a database") from error
    if url.get_backend_name() == "sqlite":
        if not url.database:
            raise ValueError("SQLite wants a path: sqlite:///answerline.db")
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return url.set(drivername="sqlite+aiosqlite"), {"timeout": STATEMENT}
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError("neither postgresql:// nor sqlite:///")
    told: dict[str, Any] = {
        "timeout": CONNECT,
        "server_settings": {
            "application_name": "answerline",
            "synchronous_commit": "on",  # off: it lost 41 of 49,860 at a kill -9
            "idle_in_transaction_session_timeout": "10000",
            "statement_timeout": str(int(statement * 1000)),
            "lock_timeout": str(int(statement * 500)),
        },
    }
    if mode := url.query.get("sslmode"):  # libpq's word, in the addresses that providers hand out
        told["ssl"] = _tls(str(mode), str(url.query.get("sslrootcert", "")))
        url = url.difference_update_query(["sslmode", "sslrootcert"])
    return url.set(drivername="postgresql+asyncpg"), told


def _tls(mode: str, root: str) -> str | ssl.SSLContext:
    """`root`: a file of certificates that are believed; "": those of the system. Raises
    ValueError."""
    if mode not in {"verify-ca", "verify-full"}:
        return mode
    try:
        context = ssl.create_default_context(cafile=root if root not in {"", "system"} else None)
    except OSError as error:
        raise ValueError("sslrootcert is no readable file of certificates") from error
    context.check_hostname = mode == "verify-full"
    return context


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """Write-ahead log; a transaction that will write says so at once, else it might be refused."""

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing: `begun` does
        cursor = connection.cursor()
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is gone from the file too
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        writing = connection.get_execution_options().get("answerline_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _write_ahead(cursor: Any) -> None:
    """Of several that open a new file at once, SQLite lets none wait for this one pragma."""
    until = time.monotonic() + STATEMENT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            await_only(asyncio.sleep(_AGAIN))
        else:
            return
