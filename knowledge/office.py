"""The back office: an HTTP API that answers about one customer, and is believed in nothing else."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError

from knowledge.chain import Breaker, Fault
from knowledge.http import disconnection, refusal

LARGEST = 64 * 1024
"""Bytes of an answer; a longer one is no answer."""

M = TypeVar("M")


class Office:
    """One for all calls of the process; `http` is its own pool. It raises Fault, never retries.

    Deadlines are whoever asks': a tool has one.
    """

    name = "office"

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        http: httpx2.AsyncClient,
        breaker: Breaker | None = None,
    ) -> None:
        """`key`: sent as a bearer token; "": none is."""
        self.breaker = breaker or Breaker()
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = http

    async def get(self, *path: str, gives: type[M]) -> M | None:
        """What lies at the path, a segment each; None where there is nothing (404)."""
        return await self._ask("GET", path, None, {}, gives)

    async def post(self, *path: str, body: BaseModel, gives: type[M], once: str = "") -> M | None:
        """`once`: the same id again changes nothing again (the header Idempotency-Key)."""
        headers = {"Idempotency-Key": once} if once else {}
        return await self._ask("POST", path, body.model_dump(mode="json"), headers, gives)

    async def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        body: Any,
        headers: Mapping[str, str],
        gives: type[M],
    ) -> M | None:
        address = "/".join([self._url, *map(_segment, path)])
        try:
            async with self._http.stream(
                method,
                address,
                json=body,
                headers={**self._headers, **headers, "Accept": "application/json"},
                follow_redirects=False,
            ) as response:
                if response.status_code == httpx2.codes.NOT_FOUND:
                    return None
                if not response.is_success:
                    raise refusal(response.status_code, response.headers)
                answer = await _read(response)
        except (httpx2.HTTPError, httpx2.StreamError, TimeoutError) as error:
            raise disconnection(error) from error
        except httpx2.InvalidURL as error:
            raise Fault("broken", "not an address") from error
        try:
            return TypeAdapter(gives).validate_json(answer)
        except ValidationError as error:
            raise Fault("broken", "not what was asked for") from error


async def _read(response: httpx2.Response) -> bytes:
    answer = bytearray()
    async for part in response.aiter_bytes():
        answer += part
        if len(answer) > LARGEST:
            raise Fault("broken", f"longer than {LARGEST} bytes")
    return bytes(answer)


def _segment(text: str) -> str:
    """One step of a path, whatever stands in it. Raises Fault."""
    if text.strip(".") == "":
        raise Fault("broken", "a path that leads elsewhere", proven=False)
    return quote(text, safe="")
