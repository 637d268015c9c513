"""The failure policy, and the only one: which provider is asked next, and when.

Clients below raise `Fault` and never retry; whoever composes them (`agent.providers`) hands a list
in order of preference to `relay` (streams) or `one` (plain calls). Nothing else in the product may
fall back from one provider to another.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

Kind = Literal[
    "refused",  # no connection
    "denied",  # 401, 403, quota: permanent until somebody changes a setting
    "limited",  # 429; `retry_after` seconds when the provider named them
    "late",  # nothing within its deadline
    "stalled",  # a stream that had begun went quiet
    "silent",  # ears: speech was heard by the VAD, no words came (no proof: noise opens a VAD too)
    "cut",  # the stream ended before it was complete
    "empty",  # complete, and nothing in it
    "broken",  # anything else: bad data, a 5xx, a bug
    "exhausted",  # no provider is left
]


class Fault(Exception):
    """A provider failed. Its text is safe to log: never a key, never the caller's words."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        permanent: bool = False,
        retry_after: float = 0.0,
        proven: bool = True,
    ) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind: Kind = kind
        self.permanent = permanent
        self.retry_after = retry_after
        """Seconds the provider asked us to stay away."""
        self.proven = proven
        """False where silence is the only evidence: the next one is tried, nobody is charged."""


@dataclass(slots=True)
class Breaker:
    """Open means: do not ask while somebody else is there. One per provider and process."""

    failures: int = 2
    within: float = 10.0
    """Seconds in which `failures` of them open the breaker."""
    open: bool = False
    recent: deque[float] = field(default_factory=deque)

    def failed(self, fault: Fault, now: float) -> None:
        """`now` in seconds of any monotonic clock."""
        self.recent.append(now)
        while self.recent and self.recent[0] <= now - self.within:
            self.recent.popleft()
        if fault.permanent or fault.retry_after > 0 or len(self.recent) >= self.failures:
            self.open = True

    def worked(self) -> None:
        self.recent.clear()
        self.open = False


class Provider(Protocol):
    """What the policy needs to know of a client."""

    @property
    def name(self) -> str: ...
    @property
    def breaker(self) -> Breaker: ...


P = TypeVar("P", bound=Provider)
E = TypeVar("E")


class Deadline:
    """When the next event of a stream is due. Its owner may move it while somebody waits on it."""

    def __init__(self) -> None:
        self._when: float | None = None
        self._running: asyncio.Timeout | None = None

    def within(self, seconds: float | None) -> None:
        """None: no deadline."""
        self._when = None if seconds is None else asyncio.get_running_loop().time() + seconds
        if self._running is not None:
            self._running.reschedule(self._when)

    async def next(self, stream: AsyncGenerator[E], late: Kind) -> E:
        """The stream's next event; `Fault(late)` when it is overdue. StopAsyncIteration passes."""
        try:
            async with asyncio.timeout_at(self._when) as self._running:
                return await anext(stream)
        except TimeoutError as error:
            raise Fault(late, proven=late != "silent") from error
        finally:
            self._running = None


async def relay(
    providers: Sequence[P],
    ask: Callable[[P], AsyncGenerator[E]],
    *,
    first: float,
    gap: Callable[[], float | None] | None = None,
    hedge: float | None = None,
    deadline: Deadline | None = None,
    report: Callable[[P, Fault], None] = lambda _provider, _fault: None,
) -> AsyncGenerator[E]:
    """The events of the first provider that answers; of the next one when it fails, and so on.

    `ask` opens a stream for what is missing *now*: the caller counts what it has used already.
    `first`: seconds a provider has for its first event. `gap`: seconds it has for each later one.
    `hedge`: seconds after which the next provider is started beside a late one; the first to speak
    wins, the others are closed before its event leaves. Raises `Fault("exhausted")` at the end.
    """
    left = deque([p for p in providers if not p.breaker.open] or providers)
    pace = deadline or Deadline()
    while left:
        race: _Race[P, E] = _Race(left, ask, first, report)
        try:
            winner = await race.run(hedge)
        finally:
            await race.close()
        if winner is None:
            continue
        provider, stream, event = winner
        async with aclosing(stream):
            try:
                while True:
                    yield event
                    if gap is not None:
                        pace.within(gap())
                    event = await pace.next(stream, "silent" if gap is None else "stalled")
            except StopAsyncIteration:
                provider.breaker.worked()
                return
            except Exception as error:  # noqa: BLE001
                _failed(provider, error, report)
    raise Fault("exhausted")


async def one(
    providers: Sequence[P],
    ask: Callable[[P], Awaitable[E]],
    *,
    within: float,
    report: Callable[[P, Fault], None] = lambda _provider, _fault: None,
) -> E:
    """The first answer to a plain call, `within` seconds for each provider in turn."""

    async def single(provider: P) -> AsyncGenerator[E]:
        yield await ask(provider)

    async with aclosing(relay(providers, single, first=within, report=report)) as answers:
        async for answer in answers:
            return answer
    raise Fault("exhausted")


def _failed(provider: P, error: BaseException, report: Callable[[P, Fault], None]) -> None:
    if isinstance(error, Fault):
        fault = error
    elif isinstance(error, StopAsyncIteration):
        fault = Fault("empty")
    else:
        fault = Fault("broken", type(error).__name__)
    if fault.proven:
        provider.breaker.failed(fault, time.monotonic())
    report(provider, fault)


class _Race(Generic[P, E]):
    """Providers asked side by side until one of them says something."""

    def __init__(
        self,
        left: deque[P],
        ask: Callable[[P], AsyncGenerator[E]],
        first: float,
        report: Callable[[P, Fault], None],
    ) -> None:
        self._left = left
        self._ask = ask
        self._first = first
        self._report = report
        self._running: dict[asyncio.Task[E], tuple[P, AsyncGenerator[E]]] = {}
        self._order: list[P] = []
        self._winner: P | None = None

    async def run(self, hedge: float | None) -> tuple[P, AsyncGenerator[E], E] | None:
        """The first to speak, its stream, its event; None when all that were asked failed."""
        self._start()
        while self._running:
            done, _ = await asyncio.wait(
                self._running,
                timeout=hedge if self._left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                error = task.exception()
                if error is None:
                    provider, stream = self._running.pop(task)
                    self._winner = provider
                    return provider, stream, task.result()
                provider, stream = self._running.pop(task)
                await stream.aclose()
                _failed(provider, error, self._report)
            if self._left and (not done or not self._running):
                self._start()
        return None

    async def close(self) -> None:
        """Losers are closed, also on barge-in; they stay available should the winner break."""
        for task, (provider, stream) in self._running.items():
            task.cancel()
            await asyncio.wait([task])
            with suppress(Exception):
                await stream.aclose()
            self._left.append(provider)
            if self._winner is not None and self._order.index(provider) < self._order.index(
                self._winner
            ):
                _failed(provider, Fault("late"), self._report)
        self._running.clear()

    def _start(self) -> None:
        provider = self._left.popleft()
        stream = self._ask(provider)
        head = Deadline()
        head.within(self._first)
        self._running[asyncio.ensure_future(head.next(stream, "late"))] = provider, stream
        self._order.append(provider)
