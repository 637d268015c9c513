"""What somebody outside wants of a running call, carried out by the worker that has it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from secrets import token_hex
from typing import Any, Literal

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agent.fleet.fleet import BEAT, MOST_COMMANDS, Fleet, mailbox
from knowledge.chain import Fault
from knowledge.store import faults

PATIENCE = 3.0
"""Seconds that whoever asks waits; a command that nobody has found soon after is gone."""
LOOK = 0.05
"""Seconds between two looks for the answer."""
Wish = Literal["end", "transfer"]


class Answer(StrEnum):
    DONE = "done"
    UNFIT = "unfit"
    """The call is ending, or there is nobody to put it through to."""
    UNKNOWN = "unknown"
    """Nobody has such a call."""


@dataclass(frozen=True, slots=True)
class Command:
    call: str
    wish: Wish
    department: str = ""
    id: str = ""


class Commands:
    def __init__(
        self, fleet: Fleet, redis: Redis | None, obey: Callable[[Command], Answer]
    ) -> None:
        """`obey` carries a command out for a call of this worker."""
        self._fleet = fleet
        self._redis: Any = redis
        self._obey = obey
        self._answering: set[asyncio.Task[None]] = set()
        fleet.told = self.came

    async def give(self, call: str, wish: Wish, department: str = "") -> Answer:
        """Raises Fault where the worker that has the call did not answer."""
        command = Command(call, wish, department, token_hex(8))
        owner = await self._fleet.owner(call)
        if owner is None:
            return Answer.UNKNOWN
        if owner == self._fleet.worker:
            return self._obey(command)
        with faults():
            async with self._redis.pipeline(transaction=True) as batch:
                batch.rpush(mailbox(owner), orjson.dumps(asdict(command)))
                batch.ltrim(mailbox(owner), -MOST_COMMANDS, -1)
                batch.expire(mailbox(owner), int(PATIENCE + 2 * BEAT) + 1)
                await batch.execute()
        return await self._answer(command)

    async def _answer(self, command: Command) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with faults():
                        found = await self._redis.getdel(_reply(command))
                    if found is not None:
                        return Answer(found.decode() if isinstance(found, bytes) else found)
                    await asyncio.sleep(LOOK)
        except TimeoutError as error:
            raise Fault("late") from error

    def came(self, told: bytes) -> None:
        """From another worker."""
        try:
            command = Command(**orjson.loads(told))
        except (orjson.JSONDecodeError, TypeError):  # of another version
            return
        answering = asyncio.create_task(self._reply(command, self._obey(command)))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)

    async def _reply(self, command: Command, answer: Answer) -> None:
        with suppress(RedisError, OSError):  # whoever asks is told that nobody answered
            await self._redis.set(_reply(command), answer.value, ex=int(PATIENCE) + 1)


def _reply(command: Command) -> str:
    return f"answerline:call:{{{command.call}}}:reply:{command.id}"
