"""The admin API on a real socket, with a database of its own and no calls."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from fastapi import FastAPI

from agent.learning import Learning
from agent.web.desk import Desk
from agent.web.doors import Doors
from agent.web.keys import Gate, Keys
from agent.web.limit import Limits
from agent.web.routes import ask, routing
from agent.web.server import listen, running
from knowledge.ask import Asked
from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.events import Event, nowhere
from knowledge.ledger import Ledger
from knowledge.lessons import Lessons
from knowledge.routing import Thresholds
from tests.knowledge.history import History, create

KEYS = "admin:open-sesame,viewer:just-looking"


@dataclass(slots=True)
class Admin:
    url: str
    app: FastAPI
    database: Database
    history: History
    learning: Learning
    session: aiohttp.ClientSession
    asked: list[tuple[str, str]] = field(default_factory=list)
    settled: list[Event] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)
    """What metrics and log would have heard."""
    journal: Callable[[], bool] = lambda: True
    """Whether it takes what it is told."""

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.session.get(self.url + path, headers=headers) as response:
            return response.status, orjson.loads(await response.read())

    async def post(self, path: str, body: object, **headers: str) -> tuple[int, Any]:
        """`body` as JSON; bytes as they are."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {"Content-Type": "application/json"} | headers
        async with self.session.post(self.url + path, data=data, headers=sent) as response:
            return response.status, orjson.loads(await response.read())

    async def seen_from(
        self,
        address: str,
        path: str = "/api/routing/thresholds",
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """The status for a client at this address, asked of the application itself."""
        sent: list[dict[str, Any]] = []
        data = b"" if body is None else orjson.dumps(body)

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        told = {"host": "127.0.0.1", "content-type": "application/json"}
        told |= {name.lower(): value for name, value in (headers or {}).items()}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "method": "POST" if body is not None else "GET", "scheme": "http", "path": path,
            "raw_path": path.encode(), "query_string": b"", "client": (address, 1234),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
            "server": ("host", 80),
        }  # fmt: skip
        await self.app(scope, receive, send)
        return int(sent[0]["status"])


@asynccontextmanager
async def admin(
    folder: Path, *, keys: str = KEYS, asking: str = "600/minute", away: bool = False
) -> AsyncIterator[Admin]:
    address = f"sqlite:///{folder / 'answerline.db'}"
    database = Database(address)
    if not away:
        await create(database)
    history = History(database)
    learning = Learning(address, database, shipped=Thresholds(0.9, 0.4), emit=nowhere)
    told: list[Event] = []

    async def settle(event: Event) -> bool:
        if not site.journal():
            return False
        site.settled.append(event)
        await history.write([event], at=datetime.now(UTC) + timedelta(seconds=1))
        return True

    async def answer(text: str, language: str) -> Asked:
        site.asked.append((text, language))
        if text == "away":
            raise Fault("refused")
        return Asked("t", "knowledge", 0.97, "e", "claims", language or "en", "An answer.", 0.001)

    desk = Desk(
        ledger=Ledger(database),
        lessons=Lessons(database),
        learning=learning,
        settle=settle,
        departments=lambda: ("billing", "claims"),
        named=lambda subject: ("small", "large") if subject == "model" else (),
        watchers=told.append,
    )
    app, gate = FastAPI(), Gate(Keys.of(keys), Limits())
    app.include_router(ask.routes(gate, answer, rate=asking))
    app.include_router(routing.routes(gate, desk))
    listener, doors = listen("127.0.0.1", 0), Doors()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with running(app, doors, listener), aiohttp.ClientSession() as session:
        site = Admin(url, app, database, history, learning, session, told=told)
        yield site
    await database.close()
