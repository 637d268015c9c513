"""What was said in a call, by call, recalled when its stream is opened again.

Nothing here is on the way of the audio: remembering returns at once, recalling waits 50 ms at most.
Each worker keeps its own calls in memory; Redis is where another worker finds them.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from knowledge.erasure import Erased
from knowledge.recollection import Exchange, Recollection


class Memory(Protocol):
    def remember(self, call: str, exchange: Exchange) -> None:
        """Returns at once and never raises."""
        ...

    def greeted(self, call: str, language: str) -> None:
        """The greeting was heard: it is not to be said again. Returns at once and never raises."""
        ...

    def asked(self, call: str, text: str, sealed: str) -> None:
        """The caller's turn, not answered yet, and what only the call may know. Returns at once and
        never raises."""
        ...

    def over(self, call: str) -> None:
        """There will be no other stream: nothing of `asked` is kept. Returns at once and never
        raises."""
        ...

    def left(self, call: str) -> None:
        """A stream of the call that began here has ended. Returns at once and never raises."""
        ...

    def written(self, call: str) -> bool:
        """Whether all that is known here would be found by another worker, if any would be."""
        ...

    async def begin(self, call: str, *, again: bool = False) -> Recollection:
        """A stream of the call begins here: what an older one would still write is not taken any
        more. An empty one for a call that nobody knows. Never raises, takes 50 ms at most; for a
        call that is here `again` half a second, as it would be greeted like a new one."""
        ...

    async def recall(self, call: str) -> Recollection:
        """The same, for who only wants to know."""
        ...

    def forget(self) -> list[str]:
        """What was erased is dropped, and never remembered again. Returns at once; the calls."""
        ...

    async def start(self) -> None: ...
    async def close(self) -> None: ...


class LocalMemory:
    """In this process only: another worker does not know the calls."""

    def __init__(
        self,
        *,
        ttl: float,
        most: int = 2000,
        clock: Callable[[], float] = time.time,
        erased: Erased | None = None,
    ) -> None:
        """`ttl`: seconds since the last change. Of more than `most` calls the oldest goes."""
        self._ttl = ttl
        self._most = most
        self._clock = clock
        self._erased = erased or Erased()
        self._calls: OrderedDict[str, Recollection] = OrderedDict()

    def remember(self, call: str, exchange: Exchange) -> None:
        now = self._clock()
        self._keep(call, self.known(call).with_exchange(exchange, now))

    def greeted(self, call: str, language: str) -> None:
        known = self.known(call)
        self._keep(call, replace(known, greeted=True, language=language, at=self._clock()))

    def asked(self, call: str, text: str, sealed: str) -> None:
        known = self.known(call)
        self._keep(call, replace(known, asked=text, sealed=sealed, at=self._clock()))

    def over(self, call: str) -> None:
        if call in self._calls:
            self.asked(call, "", "")

    def left(self, call: str) -> None:
        """Nobody else could have it."""

    def written(self, call: str) -> bool:
        del call
        return True  # nobody else would find any of it

    async def begin(self, call: str, *, again: bool = False) -> Recollection:
        del again
        return self.known(call)

    async def recall(self, call: str) -> Recollection:
        return self.known(call)

    def drop(self, call: str) -> None:
        """Another stream has the call."""
        self._calls.pop(call, None)

    def known(self, call: str) -> Recollection:
        self._forget_old()
        return self._calls.get(call, Recollection())

    def forget(self) -> list[str]:
        gone = [call for call in self._calls if self.erased(call)]
        for call in gone:
            del self._calls[call]
        return gone

    def erased(self, call: str) -> bool:
        return self._erased.call(call)

    def merge(self, call: str, other: Recollection) -> Recollection:
        if self.erased(call):
            return Recollection()
        merged = self.known(call).merged(other)
        if merged.at:
            self._keep(call, merged)
        return merged

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    def _keep(self, call: str, known: Recollection) -> None:
        if self.erased(call):
            return
        self._calls[call] = known
        self._calls.move_to_end(call)
        self._forget_old()

    def _forget_old(self) -> None:
        horizon = self._clock() - self._ttl
        while self._calls:
            oldest = next(iter(self._calls))
            if len(self._calls) <= self._most and self._calls[oldest].at > horizon:
                return
            del self._calls[oldest]


class Wordless:
    """Knows that a call was greeted, and in which language; nothing of what was said."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def remember(self, call: str, exchange: Exchange) -> None:
        """Nothing is."""

    def greeted(self, call: str, language: str) -> None:
        self._memory.greeted(call, language)

    def asked(self, call: str, text: str, sealed: str) -> None:
        """Nothing is."""

    def over(self, call: str) -> None:
        self._memory.over(call)

    def left(self, call: str) -> None:
        self._memory.left(call)

    def written(self, call: str) -> bool:
        return self._memory.written(call)

    async def begin(self, call: str, *, again: bool = False) -> Recollection:
        return await self._memory.begin(call, again=again)

    async def recall(self, call: str) -> Recollection:
        return await self._memory.recall(call)

    def forget(self) -> list[str]:
        return self._memory.forget()

    async def start(self) -> None:
        await self._memory.start()

    async def close(self) -> None:
        await self._memory.close()
