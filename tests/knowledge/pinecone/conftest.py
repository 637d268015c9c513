"""Pinecone as it is simulated, with the content in it."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from agent.simulators.pinecone import Pinecone as Provider
from agent.simulators.server import Behaviour
from knowledge.embedding.vectors import Vectors
from knowledge.pinecone import Account, Pinecone, Space
from knowledge.pinecone.sync import Synced, sync
from processors.model.openai import connections
from tests.knowledge.letters import Letters
from tests.knowledge.pinecone.stage import KEY, TEXTS, Deciding, of


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The simulator speaks in the clear: to read the usual ones takes 35 ms for each client."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider(keys=frozenset({KEY}), behaviour=Behaviour(latency=0.0)) as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[openai.DefaultAsyncHttpxClient]:
    async with connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        yield http


@pytest.fixture
def account(provider: Provider) -> Account:
    return Account(KEY, "phrasings", controller=provider.url)


@pytest.fixture
async def space(account: Account, http: openai.DefaultAsyncHttpxClient) -> AsyncIterator[Space]:
    space = Space(account, http=http, deadline=5.0)
    yield space
    await space.aclose()


@pytest.fixture
async def vectors() -> Vectors:
    return await of(TEXTS)


@pytest.fixture
async def synced(account: Account, vectors: Vectors) -> Synced:
    return await sync(account, vectors, create=True)


@pytest.fixture
def pinecone(vectors: Vectors, space: Space, synced: Synced) -> Pinecone:
    return Pinecone(Deciding(), vectors, Letters(), space)
