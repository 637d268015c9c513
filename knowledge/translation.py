"""What a caller said, read in another language: for matching only, and never waited for long."""

import asyncio
import random
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from knowledge.adequacy import confidence
from knowledge.asker import tell
from knowledge.cache import Cache
from knowledge.chain import Breaker, Fault, one
from knowledge.events import Answered, Emit, Quota, Switched, Used
from knowledge.glossary import Glossary
from knowledge.readings import Readings
from knowledge.rough import SUREST, Rough, mended, together
from knowledge.words import fold

WITHIN = 0.3
"""Seconds that a turn waits; then it goes on as it was said, and the reading fills the cache."""
LONGEST = 1000
"""Characters that are translated."""
HEDGE = 0.15
"""Seconds after which the next translator is asked beside one that is late."""
IMPATIENT = 2
"""Readings in a row that came too late, after which nobody waits until one is in time again."""
ENGLISH, EARS = "en", "ears"
"""What the ears read into, and their name as a translator."""
MOST_RUNNING = 64
"""Translations under way; more are not begun."""
_BACKOFF, _LONGEST_BACKOFF = 0.5, 8.0
_WORD = re.compile(r"\[[a-z ]+\]|[\w']+")


@dataclass(frozen=True, slots=True)
class Translation:
    text: str
    provider: str
    confidence: float
    """Probability that it says the same, in [0, 1], by what can be measured."""
    rough: bool = False
    """Made by the ears: it never decides alone."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a translator made of a text, and what it counted."""

    text: str
    read: int = 0
    """Tokens, as `written`."""
    written: int = 0
    left: Mapping[str, float] = field(default_factory=dict)
    """What is left of its limits, by their names."""


class Translator(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def breaker(self) -> Breaker: ...

    async def translate(self, text: str, source: str, target: str, glossary: Glossary) -> Rendered:
        """Two letters each. Raises Fault."""
        ...


Order = Callable[[Sequence[Translator]], Sequence[Translator]]
Alike = Callable[[str, str], Awaitable[float | None]]


def _as_given(translators: Sequence[Translator]) -> Sequence[Translator]:
    return translators


class Translations:
    """One for all calls of a process. It keeps what it has read, by a text's words."""

    def __init__(
        self,
        translators: Sequence[Translator],
        glossary: Glossary,
        *,
        size: int = 1000,
        attempts: int = 3,
        timeout: float = 30.0,
        emit: Emit,
        order: Order = _as_given,
        shared: Readings | None = None,
        alike: Alike | None = None,
    ) -> None:
        """`size`: readings kept. `attempts`: again, after the first, in the background; `timeout`:
        seconds of each. `order`: in which the translators are asked now. `shared`: what other
        workers have read, closed with this. `alike`: how much the same two texts mean,
        as the built-in embedding sees it. Texts must be masked before."""
        self.renew(translators)
        self._glossary = glossary
        self._size = size
        self._attempts = attempts
        self._timeout = timeout
        self._emit = emit
        self._order = order
        self._shared = shared
        self._alike = alike
        self._known: OrderedDict[tuple[str, str, str], Translation] = OrderedDict()
        self._running: dict[tuple[str, str, str], asyncio.Task[Translation | None]] = {}
        self._late = 0
        """Readings in a row that nobody could wait for."""

    def renew(self, translators: Sequence[Translator]) -> None:
        self._translators = tuple(translators)

    @property
    def translators(self) -> tuple[Translator, ...]:
        """In the order of asking."""
        return self._translators

    @property
    def names(self) -> tuple[str, ...]:
        """Who translates, in the order of asking."""
        return tuple(translator.name for translator in self._translators)

    @property
    def busy(self) -> bool:
        """Whether anything is being translated."""
        return bool(self._running)

    async def read(
        self, text: str, source: str, target: str, *, call: str = ""
    ) -> Translation | None:
        """None where there is none in time; it is made all the same, for the next time. `call`:
        whose turn it is, and who pays."""
        began = time.monotonic()
        task = self._begin(text, source, target, call)
        if isinstance(task, Translation) or task is None:
            return task
        task.add_done_callback(lambda _: self._came(time.monotonic() - began))
        if self._late >= IMPATIENT:
            return None
        done, _ = await asyncio.wait({task}, timeout=WITHIN)
        if done:
            return task.result()
        self._late += 1
        return None

    async def roughly(
        self, heard: Sequence[asyncio.Future[Rough | None]], text: str, source: str, target: str
    ) -> Translation | None:
        """What the ears make of the turn in English, its terms mended; None where that is not all
        there in time."""
        if not heard or target != ENGLISH:
            return None
        within = WITHIN if self._late < IMPATIENT else 0.0
        done, late = await asyncio.wait(heard, timeout=within)
        self._late = self._late + 1 if late else 0
        made = [one.result() for one in heard if one in done and not one.cancelled()]
        whole = [one for one in made if one is not None]
        if late or len(whole) < len(heard):
            return None
        rough = together(whole)
        read = mended(rough.text, text, source, target, self._glossary)
        sure = rough.sure * await self._sure(text, read, source, target)
        return Translation(read, EARS, round(min(sure, SUREST), 4), rough=True)

    def warm(self, text: str, source: str, target: str) -> None:
        """Has the reading at hand soon; nobody waits."""
        self._begin(text, source, target)

    async def whole(self, text: str, source: str, target: str) -> Translation | None:
        """However long it takes; None where nobody could."""
        task = self._begin(text, source, target)
        return task if isinstance(task, Translation) or task is None else await task

    def forget(self) -> None:
        """Every reading: none says whose words it has."""
        self._known.clear()

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values())
        if self._shared is not None:
            await self._shared.close()

    def _begin(
        self, text: str, source: str, target: str, call: str = ""
    ) -> Translation | asyncio.Task[Translation | None] | None:
        said = text[:LONGEST].strip()
        words = " ".join(_WORD.findall(fold(said)))
        if not words or source == target or not self._translators:
            return None
        key = (source, target, words)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known
        running = self._running.get(key)
        if running is None and len(self._running) < MOST_RUNNING:
            work = self._work(key, said, call)
            running = self._running[key] = asyncio.create_task(work, name="translation")
            running.add_done_callback(lambda _: self._running.pop(key, None))
        return running

    def _came(self, seconds: float) -> None:
        if seconds <= WITHIN:
            self._late = 0

    async def _work(self, key: tuple[str, str, str], said: str, call: str) -> Translation | None:
        found = await self._told(key, said)
        for attempt in range(0 if found else 1 + self._attempts):
            if attempt:
                if not self._translators[0].breaker.allowance.granted(time.monotonic()):
                    return None
                pause = min(_BACKOFF * 2 ** (attempt - 1), _LONGEST_BACKOFF)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            try:
                found = await self._ask(key, said, call)
            except Fault:
                continue
            break
        if found is not None and self._size:
            self._known[key] = found
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return found

    async def _told(self, key: tuple[str, str, str], said: str) -> Translation | None:
        """By another worker, before."""
        source, target, words = key
        if self._shared is None:
            return None
        told = await self._shared.find(words, source, target, self._away)
        if told is None:
            return None
        text, name = told
        return Translation(text, name, await self._sure(said, text, source, target))

    def _away(self, fault: Fault) -> None:
        tell(Switched("", "readings", Cache.name, fault.kind), self._emit)

    async def _sure(self, said: str, text: str, source: str, target: str) -> float:
        alike = None if self._alike is None else await self._alike(said, text)
        return confidence(said, text, source, target, self._glossary, alike=alike)

    async def _ask(self, key: tuple[str, str, str], said: str, call: str) -> Translation:
        source, target, words = key
        began = time.monotonic()

        async def ask(translator: Translator) -> tuple[Rendered, Translator]:
            return await translator.translate(said, source, target, self._glossary), translator

        def report(translator: Translator, fault: Fault) -> None:
            tell(Switched(call, "translator", translator.name, fault.kind), self._emit)

        asking: Callable[[Translator], Awaitable[tuple[Rendered, Translator]]] = ask
        rendered, by = await one(
            self._order(self._translators),
            asking,
            within=self._timeout,
            hedge=HEDGE,
            report=report,
        )
        self._emit(Answered(call, "translator", by.name, time.monotonic() - began))
        self._emit(Used(call, "translator", by.name, by.model, rendered.read, rendered.written))
        for what, left in rendered.left.items():
            self._emit(Quota(call, by.name, what, left))
        if self._shared is not None:
            self._shared.keep(words, source, target, rendered.text, by.name)
        sure = await self._sure(said, rendered.text, source, target)
        return Translation(rendered.text, by.name, sure)
