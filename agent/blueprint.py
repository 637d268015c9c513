"""The stages of a configuration, described for people."""

import sys
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from rich.console import Console

from agent.call import Call, Stages
from agent.line.protocol import Start
from agent.line.stream import MediaStream
from agent.providers import open_providers
from agent.settings import Settings
from knowledge.events import nowhere
from knowledge.recollection import Recollection


@dataclass(frozen=True, slots=True)
class Row:
    stage: str
    about: str
    where: str


async def describe(settings: Settings, stages: Stages) -> list[Row]:
    """The stages that a call would get, built for a call that nobody makes."""
    providers = await open_providers(settings, nowhere)
    try:
        start = Start("CA0", "MZ0", "audio/x-mulaw", 8000, 1)
        call = Call(MediaStream(_Nobody(), start, nowhere), providers, stages)
        return [_row(stage) for stage in call.compose(Recollection())]
    finally:
        await providers.close()


def show(rows: list[Row], console: Console, *, as_json: bool) -> None:
    if as_json:
        console.out(orjson.dumps([asdict(row) for row in rows]).decode(), highlight=False)
        return
    for row in rows:
        console.out(f"{row.stage:14} {row.where:28} {row.about}", highlight=False)


def _row(stage: object) -> Row:
    kind = type(stage)
    module = sys.modules[kind.__module__]
    about = (module.__doc__ or kind.__doc__ or "").strip().split("\n")[0]
    return Row(kind.__name__, about, kind.__module__)


class _Nobody:
    """A socket on which nothing ever happens."""

    def __init__(self) -> None:
        self.scope: MutableMapping[str, Any] = {}

    async def receive(self) -> dict[str, str]:
        return {"type": "websocket.disconnect"}

    async def send_text(self, data: str) -> None:
        """Nobody listens."""

    async def close(self, code: int = 1000) -> None:
        """Nothing is open."""
