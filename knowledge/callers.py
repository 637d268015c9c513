"""Who calls: by caller the language spoken last and which calls there were, never what was said.

A caller's name here is a keyed hash of the number; who withholds it has none. As in memory nothing
is on the way of the audio: telling returns at once, asking waits 50 ms at most.
"""

import asyncio
import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from loguru import logger
from redis.asyncio import Redis

from knowledge.chain import Breaker, Fault, one
from knowledge.erasure import Erased, of_call, of_caller
from knowledge.events import Emit, Switched, nowhere
from knowledge.store import BUDGET, faults

_KEYS = ("", "", "ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ")
_WITHHELD = ("ANONYMOUS", "BLOCKED", "PRIVATE", "RESTRICTED", "UNAVAILABLE", "UNKNOWN")


def _typed(word: str) -> str:
    """As the keys of a telephone spell it."""
    return "".join(str(key) for c in word for key, on in enumerate(_KEYS) if c in on)


PLACEHOLDERS = frozenset({"+" + _typed(word) for word in _WITHHELD} | {"+1266696687"})
"""What Twilio sends in place of a withheld number: +266696687 is "anonymous" on a telephone."""
_NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_BETWEEN = re.compile(r"[\s().\-/]+")
REACH = 1.0
"""Seconds for what nobody waits for, and between two tries of it."""
CLOSING = 0.5
"""Seconds to write at the end what is not written."""


class NoNumber(ValueError):
    """Nothing that a caller could be known by. Its text is safe to log."""


def number(text: str) -> str:
    """In E.164. Raises NoNumber."""
    found = _BETWEEN.sub("", text)
    if not _NUMBER.fullmatch(found):
        raise NoNumber("expected a number in E.164, such as +34600111222")
    if found in PLACEHOLDERS:
        raise NoNumber("expected a number: this one stands for a withheld one")
    return found


def name(text: str, key: bytes) -> str:
    """What a caller is kept under; "" where the number is withheld, or is none."""
    try:
        known = number(text)
    except NoNumber:
        return ""
    return hmac.digest(key, b"answerline caller\0" + known.encode(), "sha256").hex()


@dataclass(slots=True)
class _Known:
    language: str = ""
    calls: dict[str, float] = field(default_factory=dict)
    """With the time of each."""
    at: float = 0.0


class Directory:
    """In Redis, for all workers: two keys of one slot a caller, both gone after `ttl` seconds
    without a call. Every method may raise Fault."""

    name = "redis"

    def __init__(self, redis: Redis, *, ttl: float, clock: Callable[[], float] = time.time) -> None:
        """`redis` is closed by its owner."""
        self.breaker = Breaker()
        self._redis = redis
        self._ttl = ttl
        self._clock = clock

    async def language(self, caller: str) -> str:
        with faults():
            value = await self._redis.get(_language(caller))
        return value.decode("ascii", "replace") if isinstance(value, bytes) else value or ""

    async def note(self, caller: str, calls: dict[str, float], language: str) -> None:
        """Calls that are older than what is kept of them go."""
        life = int(self._ttl * 1000)
        with faults():
            async with self._redis.pipeline(transaction=False) as batch:
                batch.zadd(_calls(caller), calls)
                batch.zremrangebyscore(_calls(caller), 0, self._clock() - self._ttl)
                batch.pexpire(_calls(caller), life)
                if language:
                    batch.set(_language(caller), language, px=life)
                await batch.execute()

    async def calls(self, caller: str) -> list[str]:
        with faults():
            found: Any = await self._redis.zrange(_calls(caller), 0, -1)
        return [call.decode() if isinstance(call, bytes) else call for call in found]

    async def forget(self, caller: str) -> int:
        """Keys that went."""
        with faults():
            return int(await self._redis.delete(_calls(caller), _language(caller)))

    async def drop(self, caller: str, calls: Sequence[str]) -> int:
        """Calls that went; the caller goes with the last one."""
        with faults():
            gone = int(await self._redis.zrem(_calls(caller), *calls))
            if not await self._redis.exists(_calls(caller)):
                await self._redis.delete(_language(caller))
        return gone

    async def count(self, caller: str) -> int:
        with faults():
            return int(await self._redis.exists(_calls(caller), _language(caller)))


class Callers:
    """A worker's own knowledge, and the directory where there is one."""

    def __init__(
        self,
        redis: Redis | None,
        *,
        ttl: float,
        erased: Erased,
        most: int = 10_000,
        budget: float = BUDGET,
        clock: Callable[[], float] = time.time,
        emit: Emit = nowhere,
    ) -> None:
        """`ttl`: seconds since the last call. Of more than `most` callers the oldest goes. `emit`
        hears when Redis is given up for a question."""
        self._here = _Here("local", Breaker(), ttl, most, clock)
        self._directory = Directory(redis, ttl=ttl, clock=clock) if redis is not None else None
        self._erased = erased
        self._budget = budget
        self._emit = emit
        self._unwritten: OrderedDict[str, None] = OrderedDict()
        self._gone: set[str] = set()
        """Callers that the directory is to forget first."""
        self._dropped: dict[str, set[str]] = {}
        """Calls of callers whose others stay."""
        self._work, self._idle = asyncio.Event(), asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._directory is not None:
            self._writer = asyncio.create_task(self._write(self._directory), name="callers")

    async def close(self) -> None:
        """Writes what is waiting, for half a second at most."""
        if self._writer is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await self._idle.wait()
        self._writer.cancel()
        await asyncio.wait([self._writer])
        self._writer = None

    async def language(self, caller: str) -> str:
        """Two letters; "" for who has never spoken to us. Never raises, takes 50 ms at most."""
        if not caller:
            return ""
        places: list[Directory | _Here] = [self._here]
        if self._directory is not None:
            places.insert(0, self._directory)
        found = await one(
            places,
            lambda place: place.language(caller),
            within=self._budget,
            report=self._away,
        )
        return found or await self._here.language(caller)

    def _away(self, place: "Directory | _Here", fault: Fault) -> None:
        self._emit(Switched("", "callers", place.name, fault.kind))

    def met(self, caller: str, call: str, language: str = "") -> None:
        """In this call, and in this language once the caller has spoken. Returns at once."""
        if not caller or self._erased.call(call):
            return
        self._here.note(caller, call, language)
        self._tell(caller)

    def forget(self, digests: Collection[str]) -> list[str]:
        """Callers that were erased just now, and calls that were, are not known any more, here and
        in the directory. The calls of such callers."""
        gone: list[str] = []
        for caller, known in list(self._here.known.items()):
            if of_caller(caller) in digests:
                gone += known.calls
                known.calls.clear()
            for call in [call for call in known.calls if of_call(call) in digests]:
                del known.calls[call]
                self._dropped.setdefault(caller, set()).add(call)
                self._tell(caller)  # it may just have been written there again
            if not known.calls:
                del self._here.known[caller]
                self._gone.add(caller)
                self._tell(caller)
        return gone

    def _tell(self, caller: str) -> None:
        if self._directory is None:
            return
        self._unwritten[caller] = None
        while len(self._unwritten) > self._here.most:
            self._unwritten.popitem(last=False)
        self._idle.clear()
        self._work.set()

    async def _write(self, directory: Directory) -> None:
        while True:
            while self._unwritten:
                caller, _ = self._unwritten.popitem(last=False)
                try:
                    async with asyncio.timeout(REACH):
                        await self._settle(directory, caller)
                except (Fault, TimeoutError) as error:
                    if isinstance(error, Fault) and error.kind == "broken":
                        logger.bind(fault=str(error)).warning("a caller cannot be noted")
                        continue
                    self._unwritten.setdefault(caller)
                    await asyncio.sleep(REACH)
            self._idle.set()
            self._work.clear()
            await self._work.wait()

    async def _settle(self, directory: Directory, caller: str) -> None:
        if caller in self._gone:
            await directory.forget(caller)
            self._gone.discard(caller)
        if (known := self._here.known.get(caller)) is not None:
            await directory.note(caller, dict(known.calls), known.language)
        if dropped := self._dropped.get(caller):
            await directory.drop(caller, sorted(dropped))
            del self._dropped[caller]


@dataclass(slots=True)
class _Here:
    """The own process as one of two places to ask."""

    name: str
    breaker: Breaker
    ttl: float
    most: int
    clock: Callable[[], float]
    known: OrderedDict[str, _Known] = field(default_factory=OrderedDict)
    """The latest last."""

    async def language(self, caller: str) -> str:
        self._drop_old()
        known = self.known.get(caller)
        return known.language if known is not None else ""

    def note(self, caller: str, call: str, language: str) -> None:
        known = self.known.setdefault(caller, _Known())
        known.at = known.calls[call] = self.clock()
        known.language = language or known.language
        self.known.move_to_end(caller)
        self._drop_old()

    def _drop_old(self) -> None:
        horizon = self.clock() - self.ttl
        while self.known:
            oldest = next(iter(self.known.values()))
            if len(self.known) <= self.most and oldest.at > horizon:
                return
            self.known.popitem(last=False)


def _language(caller: str) -> str:
    return f"answerline:caller:{{{caller}}}:language"


def _calls(caller: str) -> str:
    return f"answerline:caller:{{{caller}}}:calls"
