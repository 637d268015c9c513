"""Whether the worker is alive, whether it wants calls, what it depends on, what it counts."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from agent.doctor import Row
from agent.web.house import House
from agent.web.limit import READING

FRESH = 10.0
"""Seconds for which an examination is repeated to whoever asks: it costs the providers' time."""


class Examination:
    """The dependencies' state, asked for at most once in `FRESH` seconds."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = asyncio.Lock()
        self._rows: Sequence[Row] = ()
        self._until = float("-inf")

    async def rows(self) -> Sequence[Row]:
        async with self._lock:
            if time.monotonic() >= self._until:
                self._rows = await self._house.examine()
                self._until = time.monotonic() + FRESH
        return self._rows


def routes(house: House) -> APIRouter:
    router = APIRouter()
    examination = Examination(house)

    @router.get("/api/health")
    async def health() -> JSONResponse:
        return JSONResponse({"status": "ok", "version": house.version})

    @router.get("/readyz")
    async def ready() -> JSONResponse:
        """404, not 503: balancers then send no new call and leave the running ones alone."""
        closed = house.doors.closed
        return JSONResponse({"status": closed or "ready"}, status_code=404 if closed else 200)

    admitted = house.gate.guard("read", READING, fleet=False)

    @router.get("/api/health/detailed", dependencies=[Depends(admitted)])
    async def detailed() -> JSONResponse:
        rows = await examination.rows()
        answering = all(row.answers is not False for row in rows)
        return JSONResponse(
            {
                "status": "ok" if answering else "degraded",
                "version": house.version,
                "ready": house.doors.closed or "ready",
                "calls": house.doors.calls,
                "dependencies": [asdict(row) for row in rows],
            }
        )

    @router.get("/api/metrics", dependencies=[Depends(admitted)])
    async def metrics() -> Response:
        return Response(house.exposition(), media_type=CONTENT_TYPE_LATEST)

    return router
