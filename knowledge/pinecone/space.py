"""What of the index at Pinecone is near: one request, within a deadline, on a shared connection."""

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx2
import numpy as np
import orjson

from knowledge.chain import Fault
from knowledge.embedding import NEAREST, Floats, Near
from knowledge.http import disconnection, refusal
from knowledge.pinecone.account import DIMENSIONS, Account, root

VERSION = "2026-07"
"""Of Pinecone's API; the one that the installed client speaks."""


class Space:
    """One per process. Its owner calls `aclose`."""

    def __init__(
        self, account: Account, *, http: httpx2.AsyncClient, deadline: float = 1.0
    ) -> None:
        """`http`: the process's own pool. `deadline`: seconds for a request."""
        self._account = account
        self._http = http
        self._deadline = deadline
        self._host = root(account.host) if account.host else ""
        self._running: set[asyncio.Task[Any]] = set()

    async def near(self, vector: Floats, known: Mapping[str, str], k: int = NEAREST) -> Near:
        """The k nearest, nearest first; of those that `known` names. Raises Fault.

        Who gives up waiting ends the wait, not the request: its connection is there for the next
        question, which a handshake across an ocean would make late as well.
        """
        task = asyncio.ensure_future(self._query(vector, known, k))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def check(self) -> None:
        """Finds the index, and leaves a connection to it. Raises Fault."""
        await self._ask("POST", f"{await self._found()}/describe_index_stats", b"{}")

    async def aclose(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        with suppress(asyncio.CancelledError):
            task.exception()  # somebody has looked: it may be that nobody waits any more

    async def _query(self, vector: Floats, known: Mapping[str, str], k: int) -> Near:
        body: dict[str, Any] = {
            "vector": wide(vector),
            "topK": k,
            "includeValues": False,
            "includeMetadata": False,
        }
        if self._account.namespace:
            body["namespace"] = self._account.namespace
        address = f"{await self._found()}/query"
        answer = await self._ask("POST", address, orjson.dumps(body, option=_NUMPY))
        near = _near(answer, known)
        if not near and known:
            raise Fault("empty", "nothing of this content; is it synced?")
        return near

    async def _found(self) -> str:
        """The root of the index's own address; asked for once."""
        if not self._host:
            name = quote(self._account.index, safe="")
            answer = await self._ask("GET", f"{self._account.controller}/indexes/{name}")
            host = answer.get("host")
            if not isinstance(host, str) or not host:
                raise Fault("broken", "no host")
            self._host = root(host)
        return self._host

    async def _ask(self, method: str, address: str, body: bytes | None = None) -> dict[str, Any]:
        """The answer, a JSON object. Raises Fault."""
        headers = {
            "Api-Key": self._account.key,
            "X-Pinecone-Api-Version": VERSION,
            "Content-Type": "application/json",
        }
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._http.request(
                    method, address, content=body, headers=headers, follow_redirects=False
                )
            if response.status_code >= httpx2.codes.MULTIPLE_CHOICES:
                raise refusal(response.status_code, response.headers)
            answer = orjson.loads(response.content)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise disconnection(error) from error
        except (ValueError, httpx2.InvalidURL) as error:
            raise Fault("broken", type(error).__name__) from error
        if not isinstance(answer, dict):
            raise Fault("broken", "not a JSON object")
        return answer


_NUMPY = orjson.OPT_SERIALIZE_NUMPY


def wide(vector: Floats) -> Floats:
    """The vector, filled up to the index's dimensions. Raises Fault where it has more."""
    if len(vector) > DIMENSIONS:
        raise Fault("broken", f"a vector of {len(vector)} dimensions")
    return np.pad(vector.astype(np.float32), (0, DIMENSIONS - len(vector)))


def _near(answer: dict[str, Any], known: Mapping[str, str]) -> Near:
    """Raises Fault."""
    near: dict[str, float] = {}
    try:
        for match in answer.get("matches", ()):
            score = float(match["score"])
            if not math.isfinite(score):
                raise Fault("broken", "a score that is no number")
            if (name := known.get(match["id"])) is not None:
                near[name] = score
    except (TypeError, KeyError, ValueError) as error:
        raise Fault("broken", "not a list of matches") from error
    return near
