"""A worker without ears and voice: what serves, drains and shares calls is the product's own.

python -m tests.agent.fleet.worker '{"port": …}' --worker 1
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from agent.line.protocol import Start
from agent.line.signature import Signature
from agent.line.token import OwnStore, Tokens
from agent.settings import Settings
from agent.watch import logs
from agent.web.doors import Doors
from agent.web.house import House
from agent.web.server import serve

KEY = "0123456789abcdef0123456789abcdef"
BROKEN = 2


@dataclass(frozen=True, slots=True)
class Part:
    port: int
    """Of worker 0."""
    public: str
    broken: int = -1
    """The number of a worker that cannot start."""
    drain_deadline: float = 60.0


@asynccontextmanager
async def furnish(settings: Settings) -> AsyncIterator[House]:
    """A call echoes what it is sent; "hold" holds the loop for ever."""

    async def answer(websocket: WebSocket, _start: Start) -> None:
        try:
            while True:
                await websocket.send_text(f"{settings.port} {await websocket.receive_text()}")
        except WebSocketDisconnect:
            pass

    yield House(
        public=settings.public,
        signature=Signature(KEY, settings.public),
        tokens=Tokens(KEY, [OwnStore()]),
        answer=answer,
        ended=lambda _call: False,
        over=lambda _call, _outcome: None,
        doors=Doors(),
        version="1.2.3",
    )


def main(part: Part, number: int) -> None:
    if part.broken == number:
        sys.exit(BROKEN)
    logs.configure("INFO", "json", worker=number)
    settings = Settings(
        port=part.port + number, public_url=part.public, drain_deadline=part.drain_deadline
    )
    serve(settings, furnish, supervised=True)


if __name__ == "__main__":
    asyncio.set_event_loop(None)
    main(Part(**json.loads(sys.argv[1])), int(sys.argv[-1]))
