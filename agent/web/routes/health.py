"""Whether the worker is alive, whether it wants calls, what it depends on, what it counts."""

import asyncio
import hmac
import time
from collections.abc import Sequence
from dataclasses import asdict

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from agent.doctor import Row
from agent.settings import is_loopback
from agent.web.house import House

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

    async def admitted(request: Request) -> None:
        """This machine, or who shows a key. Raises HTTPException."""
        client = request.client
        if client is not None and is_loopback(client.host):
            return
        _, _, shown = request.headers.get("Authorization", "").partition(" ")
        if not any(hmac.compare_digest(shown.encode(), key.encode()) for key in house.keys):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})

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
