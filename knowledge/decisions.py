"""Decisions that were made already: the same question is not thought about twice.

What is kept is the content's own answer and its probability. A key is a keyed hash of the question,
so nobody can look up who said what; a question that holds a number is not kept at all. Content or
thresholds of another version have other keys: what was decided before is never found again.
"""

import asyncio
import hashlib
import random
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

import orjson
from redis.asyncio import Redis

from knowledge.answers import Answer, Answerer, Passage, Question
from knowledge.asker import tell
from knowledge.cache import Cache
from knowledge.chain import Fault
from knowledge.confidence import heard
from knowledge.events import Emit, Switched, nowhere
from knowledge.store import BUDGET
from knowledge.words import fold

MOST = 4096
"""Decisions that a process keeps; the one that was asked for longest ago goes first."""
LONGEST = 300
"""Characters; longer questions never come twice."""
_NUMBER = re.compile(r"\d")
_WORD = re.compile(r"[\w']+")

Found = Literal["own", "shared", ""]
"""Where a decision was: in this process, in Redis, nowhere."""


@dataclass(frozen=True, slots=True)
class Known:
    answer: Answer | None
    found: Found


class Knower(Protocol):
    async def know(self, question: Question) -> Known:
        """The best answer and where it was found. Raises whatever the answerer raises."""
        ...


class Decisions:
    """An `Answerer`'s answers, remembered: by this process always, in Redis where there is one."""

    def __init__(
        self,
        answerer: Answerer,
        version: Callable[[], str],
        *,
        key: bytes,
        ttl: int,
        redis: Redis | None = None,
        most: int = MOST,
        lapses: Callable[[], int | None] = lambda: 0,
        emit: Emit = nowhere,
        budget: float = BUDGET,
    ) -> None:
        """`version` of content and thresholds. `redis`: only where answering needs the network.

        `key`: the same for all processes that share a Redis. `ttl`: seconds; 0 keeps nothing.
        `lapses`: how often somebody else had to answer so far, None while somebody else has to:
        such an answer is not kept. `emit` hears when Redis is given up for a question, which has
        `budget` seconds.
        """
        self._answerer = answerer
        self._version = version
        self._key = key
        self._ttl = ttl
        self._shared = Cache(redis, budget=budget) if redis is not None else None
        self._most = most
        self._lapses = lapses
        self._emit = emit
        self._own: OrderedDict[str, Answer | None] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Known]] = {}

    async def answer(self, question: Question) -> Answer | None:
        return (await self.know(question)).answer

    async def know(self, question: Question) -> Known:
        name = self._name(question)
        if name is None:
            return Known(await self._answerer.answer(question), "")
        if name in self._own:
            self._own.move_to_end(name)
            return Known(_less(self._own[name], question), "own")
        asking = self._asking.get(name)
        if asking is None:
            asking = asyncio.create_task(self._ask(name, question))
            self._asking[name] = asking
            asking.add_done_callback(lambda _: self._asking.pop(name, None))
        known = await asyncio.shield(asking)
        return replace(known, answer=_less(known.answer, question))

    async def close(self) -> None:
        """Whoever still waits for an answer is cancelled."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        if asking:
            await asyncio.wait(asking)
        if self._shared is not None:
            await self._shared.close()

    async def _ask(self, name: str, question: Question) -> Known:
        """One asks for all who ask the same at the same time; it ends although they hang up."""
        known = await self._told(name)
        if known is None:
            before = self._lapses(), self._version()
            answer = await self._answerer.answer(replace(question, heard=1.0))
            known = Known(answer, "")
            if before[0] is None or before != (self._lapses(), self._version()):
                return known
            self._share(name, answer)
        self._own[name] = known.answer
        while len(self._own) > self._most:
            self._own.popitem(last=False)
        return known

    def _name(self, question: Question) -> str | None:
        """The key of a question that may be kept."""
        if not self._ttl or len(question.text) > LONGEST or _NUMBER.search(question.text):
            return None
        said = " ".join(_WORD.findall(fold(question.text)))
        read = "read" if question.read else fold(question.reading)
        facts = "\0".join((self._version(), question.language, read, said))
        return hashlib.blake2b(facts.encode(), key=self._key[:64], digest_size=18).hexdigest()

    async def _told(self, name: str) -> Known | None:
        """By another worker, before."""
        if self._shared is None:
            return None
        data = await self._shared.find(f"answerline:decision:{name}", self._away)
        return None if data is None else _read(data)

    def _away(self, fault: Fault) -> None:
        tell(Switched("", "decisions", Cache.name, fault.kind), self._emit)

    def _share(self, name: str, answer: Answer | None) -> None:
        if self._shared is None:
            return
        # not all that was decided together is to be decided again together
        ttl = max(1, round(self._ttl * random.uniform(0.9, 1.0)))  # noqa: S311
        data = orjson.dumps(_fields(answer) if answer else None)
        self._shared.keep(f"answerline:decision:{name}", data, ttl=ttl)


def _less(answer: Answer | None, question: Question) -> Answer | None:
    """What is kept was decided as if heard well."""
    if answer is None or question.heard >= 1.0:
        return answer
    return replace(answer, confidence=heard(answer.confidence, question.heard))


def _fields(answer: Answer) -> dict[str, Any]:
    return asdict(replace(answer, passages=tuple(answer.passages)))


def _read(data: bytes) -> Known | None:
    """None where another program wrote it."""
    try:
        fields = orjson.loads(data)
        if fields is None:
            return Known(None, "shared")
        fields["passages"] = tuple(Passage(**passage) for passage in fields["passages"])
        fields["interval"] = tuple(fields["interval"])
        return Known(Answer(**fields), "shared")
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return None
