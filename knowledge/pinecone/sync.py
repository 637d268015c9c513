"""What `answerline kb sync` does: the index at Pinecone holds the content's vectors, and only them.

Running it again changes nothing. Nobody waits on the telephone for it, so the vendor's client may
repeat what failed; a run that was cut off is finished by the next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pinecone import AsyncIndex, AsyncPinecone, ServerlessSpec
from pinecone.errors import (
    ApiError,
    NotFoundError,
    PineconeConnectionError,
    PineconeError,
    PineconeTimeoutError,
)

from knowledge.chain import Fault
from knowledge.embedding.vectors import Progress, Vectors, quietly
from knowledge.http import disconnection, refusal
from knowledge.pinecone.account import DIMENSIONS, METRIC, PREFIX, Account, ids, root
from knowledge.pinecone.space import wide

REQUEST = 20.0
"""Seconds for a request."""
READY = 300
"""Seconds that a new index may take until it can be used."""
_UPSERTED = 64
"""Vectors in a request, which may have 2 MB."""
_DELETED = 500
"""Ids in a request, which may have 1,000."""
_LISTED = 100
"""Ids on a page."""


class Unfit(Exception):
    """The index does not exist, or cannot hold our vectors; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Synced:
    """In phrasings."""

    added: int
    removed: int
    kept: int


async def sync(
    account: Account, vectors: Vectors, *, create: bool = False, tell: Progress = quietly
) -> Synced:
    """`create`: makes the index where there is none. Raises Unfit and Fault."""
    with faults():
        async with (
            AsyncPinecone(account.key, host=root(account.controller), timeout=REQUEST) as control,
            await control.index(host=await _host(control, account, create=create)) as index,
        ):
            if account.host:
                stats = await index.describe_index_stats()
                _fit(account.index, stats.dimension, stats.metric)
            return await _level(index, account.namespace, vectors, tell)


async def there(account: Account) -> None:
    """Whether the index is there and fits, before anybody works for it. Raises Unfit and Fault."""
    with faults():
        async with AsyncPinecone(
            account.key, host=root(account.controller), timeout=REQUEST
        ) as control:
            await _host(control, account, create=False)


async def _host(control: AsyncPinecone, account: Account, *, create: bool) -> str:
    if account.host:
        return root(account.host)
    try:
        found = await control.indexes.describe(account.index)
    except NotFoundError as error:
        if not create:
            raise Unfit(
                f"PINECONE_INDEX: there is no index {account.index!r}; `kb sync --create` makes it"
            ) from error
        found = await control.indexes.create(
            name=account.index,
            dimension=DIMENSIONS,
            metric=METRIC,
            spec=ServerlessSpec(cloud="aws", region="us-east-1"),
            timeout=READY,
        )
    shape = found.to_dict()
    _fit(account.index, shape.get("dimension"), shape.get("metric"))
    if not found.host:
        raise Unfit(f"PINECONE_INDEX: {account.index!r} has no address yet; try again in a minute")
    return root(found.host)


def _fit(name: str, dimension: int | None, metric: str | None) -> None:
    """Raises Unfit. Pinecone may leave out the metric; without it the dimension has to do."""
    if dimension != DIMENSIONS or metric not in {METRIC, None}:
        raise Unfit(
            f"PINECONE_INDEX: {name!r} has {dimension or 'no'} dimensions and the metric "
            f"{metric or 'unknown'}; expected {DIMENSIONS} and {METRIC}. Name another index, or "
            "delete this one and run `kb sync --create`"
        )


async def _level(index: AsyncIndex, namespace: str, vectors: Vectors, tell: Progress) -> Synced:
    """Adds before it deletes: a question meanwhile finds the old or the new, never neither."""
    rows = dict(zip(ids(vectors.ids, vectors.marks), vectors.rows, strict=True))
    there = await _there(index, namespace)
    missing = [name for name in rows if name not in there]
    gone = sorted(there - rows.keys())
    total, done = len(missing) + len(gone), 0
    for some in _parts(missing, _UPSERTED):
        await index.upsert(
            vectors=[(name, wide(rows[name]).tolist()) for name in some], namespace=namespace
        )
        done += len(some)
        tell(done, total)
    for some in _parts(gone, _DELETED):
        await index.delete(ids=some, namespace=namespace)
        done += len(some)
        tell(done, total)
    return Synced(added=len(missing), removed=len(gone), kept=len(rows) - len(missing))


async def _there(index: AsyncIndex, namespace: str) -> set[str]:
    found: set[str] = set()
    try:
        async for page in index.list(prefix=PREFIX, namespace=namespace, limit=_LISTED):
            found.update(item.id for item in page.vectors if item.id)
    except NotFoundError:  # a namespace comes into being with its first vector
        return set()
    return found


def _parts(names: list[str], size: int) -> Iterator[list[str]]:
    for first in range(0, len(names), size):
        yield names[first : first + size]


@contextmanager
def faults() -> Iterator[None]:
    """The vendor's errors in the words of our policy."""
    try:
        yield
    except ApiError as error:
        headers: Any = error.headers or {}
        raise refusal(error.status_code, headers) from error
    except PineconeTimeoutError as error:
        raise Fault("late") from error
    except PineconeConnectionError as error:
        raise disconnection(error.__cause__) from error
    except (PineconeError, ValueError) as error:
        raise Fault("broken", type(error).__name__) from error
