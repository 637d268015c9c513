"""A worker without ears and voice: what serves, drains and is watched is the product's own.

python -m tests.agent.fleet.worker '{"port": …}'             two of them, and their supervisor
python -m tests.agent.fleet.worker '{"port": …}' --worker 1  the second one
"""

import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from agent.fleet.supervisor import Site, supervise
from agent.settings import Settings, load
from agent.watch import logs

KEY = "0123456789abcdef0123456789abcdef"
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Part:
    port: int
    """Of worker 0."""
    public: str
    redis: str


async def answer(websocket: WebSocket, _start: object) -> None:
    """Says which process it is, whatever it is told; at "hold" it holds the loop for ever."""
    try:
        while True:
            if await websocket.receive_text() == "hold":
                time.sleep(1000)  # noqa: ASYNC251
            await websocket.send_text(str(os.getpid()))
    except WebSocketDisconnect:
        pass


def main(part: Part, number: int) -> None:
    from agent.line.signature import Signature
    from agent.line.token import OwnStore, RedisStore, Tokens
    from agent.web.doors import Doors
    from agent.web.house import House
    from agent.web.server import serve
    from knowledge.store import connect

    async def nobody(_call: str) -> bool:
        return False

    @asynccontextmanager
    async def furnish(settings: Settings) -> AsyncIterator[House]:
        async with connect(part.redis, budget=5.0) as redis:
            yield House(
                public=settings.public,
                signature=Signature(KEY, settings.public),
                tokens=Tokens(KEY, OwnStore(), RedisStore(redis), deadline=5.0),
                answer=answer,
                ended=nobody,
                over=lambda _call, _outcome: None,
                doors=Doors(),
                version=str(os.getpid()),
            )

    logs.configure("INFO", "json", worker=number)
    variables = {"PORT": str(part.port + number), "PUBLIC_URL": part.public}
    serve(load(variables, None), furnish, supervised=True)


def command(number: int) -> list[str]:
    return [sys.executable, "-m", "tests.agent.fleet.worker", sys.argv[1], "--worker", str(number)]


if __name__ == "__main__":
    given = Part(**json.loads(sys.argv[1]))
    if "--worker" in sys.argv:
        main(given, int(sys.argv[-1]))
    else:
        logs.configure("INFO", "json")
        ports = [given.port + number for number in range(WORKERS)]
        sys.exit(supervise(Site(command, "127.0.0.1", 60.0, pauses=(0.1, 0.5), noticed=0.1), ports))
