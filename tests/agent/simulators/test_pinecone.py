"""The simulated Pinecone, judged by the vendor's own client and by what is on the wire."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pinecone import AsyncIndex, AsyncPinecone, RetryConfig
from pinecone.errors import ApiError, ConflictError, NotFoundError, UnauthorizedError

from agent.simulators.pinecone import Pinecone
from agent.simulators.server import Behaviour, Fault
from agent.simulators.stand import stand
from tests.eventually import until

NORTH, EAST, NORTH_EAST = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [3.0, 3.0, 0.0]
KEY = "pcsk_right"


@pytest.fixture
async def provider() -> AsyncIterator[Pinecone]:
    async with Pinecone(keys=frozenset({KEY}), behaviour=Behaviour(latency=0.0)) as provider:
        yield provider


@pytest.fixture
async def control(provider: Pinecone) -> AsyncIterator[AsyncPinecone]:
    once = RetryConfig(max_retries=0)
    async with AsyncPinecone(
        KEY, host=provider.url, retry_config=once, ssl_verify=False
    ) as control:
        yield control


@pytest.fixture
async def index(control: AsyncPinecone) -> AsyncIterator[AsyncIndex]:
    field = {"type": "dense_vector", "dimension": 3, "metric": "cosine"}
    await control.indexes.create(name="compass", schema={"fields": {"_values": field}})
    async with await control.index("compass") as index:
        await index.upsert(vectors=[("north", NORTH), ("east", EAST), ("both", NORTH_EAST)])
        yield index


async def send(
    provider: Pinecone, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, Any]:
    headers = {"Api-Key": KEY, **headers}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{provider.url}{path}", json=body) as response,
    ):
        return response.status, await response.json(content_type=None)


async def test_an_index_is_made_described_listed_and_deleted(
    provider: Pinecone, control: AsyncPinecone
) -> None:
    made = await control.indexes.create(name="a-b", dimension=768, metric="cosine")
    assert (made.dimension, made.metric, made.status.ready) == (768, "cosine", True)
    assert made.host == provider.host("a-b")
    assert [found.name async for found in control.indexes.list()] == ["a-b"]
    with pytest.raises(ConflictError):
        await control.indexes.create(name="a-b", dimension=3)
    await control.indexes.delete("a-b", timeout=-1)
    with pytest.raises(NotFoundError):
        await control.indexes.describe("a-b")


async def test_an_index_is_told_in_the_form_of_the_version_that_was_named(
    provider: Pinecone, index: AsyncIndex
) -> None:
    new = {"X-Pinecone-Api-Version": "2026-07"}
    _, schema = await send(provider, "GET", "/indexes/compass", **new)
    assert schema["schema"]["fields"]["_values"]["dimension"] == 3
    _, plain = await send(
        provider, "GET", "/indexes/compass", **{"X-Pinecone-Api-Version": "2025-04"}
    )
    assert (plain["dimension"], plain["metric"]) == (3, "cosine")
    assert plain["spec"]["serverless"]["region"] == "us-east-1"
    assert provider.versions[-2:] == ["2026-07", "2025-04"]


async def test_what_was_written_is_found_by_cosine(index: AsyncIndex) -> None:
    found = await index.query(top_k=2, vector=[2.0, 0.1, 0.0])
    assert [match.id for match in found.matches] == ["north", "both"]
    assert found.matches[0].score == pytest.approx(0.99875, abs=1e-4)
    assert found.matches[1].score == pytest.approx(0.74155, abs=1e-4)


async def test_a_vector_written_again_is_another_one(index: AsyncIndex) -> None:
    await index.upsert(vectors=[("north", [0.0, 0.0, 1.0])])
    found = await index.query(top_k=1, vector=[0.0, 0.0, 2.0], include_values=True)
    assert found.matches[0].id == "north"
    assert list(found.matches[0].values) == [0.0, 0.0, 1.0]


async def test_namespaces_know_nothing_of_each_other(index: AsyncIndex) -> None:
    await index.upsert(vectors=[("south", [-1.0, 0.0, 0.0])], namespace="other")
    found = await index.query(top_k=9, vector=NORTH, namespace="other")
    assert [match.id for match in found.matches] == ["south"]
    stats = await index.describe_index_stats()
    assert (stats.dimension, stats.metric, stats.total_vector_count) == (3, "cosine", 4)
    assert {name: of.vector_count for name, of in stats.namespaces.items()} == {
        "__default__": 3,
        "other": 1,
    }


async def test_vectors_are_fetched_and_deleted_by_id(index: AsyncIndex) -> None:
    fetched = await index.fetch(ids=["east", "nowhere"])
    assert list(fetched.vectors["east"].values) == EAST
    assert "nowhere" not in fetched.vectors
    await index.delete(ids=["east", "nowhere"])
    assert [item.id async for page in index.list() for item in page.vectors] == ["both", "north"]
    await index.delete(delete_all=True)
    assert (await index.query(top_k=3, vector=NORTH)).matches == []


async def test_ids_are_listed_page_by_page(index: AsyncIndex) -> None:
    await index.upsert(vectors=[(f"a#{number:03}", NORTH) for number in range(25)])
    pages = [[item.id for item in page.vectors] async for page in index.list(prefix="a#", limit=10)]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [name for page in pages for name in page] == [f"a#{number:03}" for number in range(25)]


@pytest.mark.parametrize(
    "vector", [[1.0], [1.0, 0.0, 0.0, 0.0], ["a", "b", "c"], None], ids=["few", "many", "text", "-"]
)
async def test_a_vector_that_does_not_fit_is_refused_and_nothing_is_written(
    provider: Pinecone, index: AsyncIndex, vector: object
) -> None:
    vectors = [{"id": "good", "values": NORTH}, {"id": "bad", "values": vector}]
    path = "/index/compass/vectors/upsert"
    status, told = await send(provider, "POST", path, {"vectors": vectors})
    assert (status, told["code"]) == (400, 3)
    assert "good" not in (await index.fetch(ids=["good"])).vectors


async def test_a_body_that_is_no_object_is_refused(provider: Pinecone, index: AsyncIndex) -> None:
    assert (await send(provider, "POST", "/index/compass/query", ["x"]))[0] == 400


async def test_a_wrong_key_is_refused(provider: Pinecone) -> None:
    once = RetryConfig(max_retries=0)
    async with AsyncPinecone("pcsk_wrong", host=provider.url, retry_config=once) as other:
        with pytest.raises(UnauthorizedError):
            await other.indexes.describe("compass")
    assert provider.seen.keys == ["pcsk_wrong"]


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.LIMITED, Fault.BROKEN])
async def test_it_fails_as_it_is_told(
    provider: Pinecone, control: AsyncPinecone, fault: Fault
) -> None:
    await provider.behave(fault=fault, retry_after=7.0)
    with pytest.raises(ApiError) as failed:
        await control.indexes.describe("compass")
    assert failed.value.status_code == int(fault)
    told = dict(failed.value.headers or {}).get("retry-after")
    assert told == ("7" if fault is Fault.LIMITED else None)


async def test_a_dropped_answer_ends_in_its_middle(provider: Pinecone, index: AsyncIndex) -> None:
    await provider.behave(fault=Fault.DROP)
    with pytest.raises(aiohttp.ClientPayloadError):
        await send(provider, "POST", "/index/compass/describe_index_stats")


async def test_a_hanging_one_notices_that_the_client_has_gone(provider: Pinecone) -> None:
    await provider.behave(fault=Fault.HANG)
    task = asyncio.create_task(send(provider, "GET", "/indexes"))
    await until(lambda: provider.seen.open == 1)
    task.cancel()
    await until(lambda: provider.seen.cancelled == 1)
    assert provider.seen.open == 0


async def test_a_closed_port_opens_again(provider: Pinecone, index: AsyncIndex) -> None:
    await provider.behave(fault=Fault.REFUSE)
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(provider, "GET", "/indexes")
    await provider.behave(fault=Fault.NONE)
    assert (await send(provider, "GET", "/indexes"))[0] == 200


async def test_garbage_is_no_json(provider: Pinecone) -> None:
    await provider.behave(fault=Fault.GARBAGE)
    with pytest.raises(ValueError, match="line 1"):
        await send(provider, "GET", "/indexes")


async def test_it_stands_by_itself_and_tells_the_setting() -> None:
    told: list[str] = []
    task = asyncio.create_task(stand("pinecone", 0, 0.0, "none", None, told.append))
    await until(lambda: bool(told))
    name, _, url = told[0].partition("=")
    assert name == "PINECONE_CONTROLLER_HOST"
    async with AsyncPinecone("any key", host=url) as control:
        assert not [found async for found in control.indexes.list()]
    task.cancel()
    await asyncio.wait({task})
