"""The failure policy, and the only one: which provider is asked next, and when.

Clients below raise `Fault` and never retry; whoever composes them (`agent.providers`) hands a list
in order of preference to `relay` (streams) or `one` (plain calls). Nothing else in the product may
fall back from one provider to another.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from knowledge.allowance import Allowance

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


LONGEST = 3600.0
"""Seconds: nobody is believed who asks us to stay away for longer."""


def sane(seconds: float) -> float:
    """Of a wait that somebody else has named."""
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST)


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
        self.retry_after = sane(retry_after)
        """Seconds the provider asked us to stay away."""
        self.proven = proven
        """False where silence is the only evidence: the next one is tried, nobody is charged."""


PROBING = 5.0
"""Seconds between two probes of a provider that is left alone."""
MENDING = 15.0
"""The same after a permanent fault: somebody has to change something first."""


def _nobody() -> None:
    """Is told of a breaker that nobody shares."""


@dataclass(slots=True)
class Breaker:
    """Open means: do not ask while somebody else is there. One per provider and process."""

    failures: int = 2
    within: float = 10.0
    """Seconds in which `failures` of them open the breaker."""
    rest: float = 30.0
    """Seconds after which an open one that is not probed lets a single question through."""
    open: bool = False
    until: float = math.inf
    """While open or doubted: when it may be asked again; by a probe, where there are probes."""
    recent: deque[tuple[float, Kind]] = field(default_factory=deque)
    probed: bool = False
    """Somebody asks outside of turns whether it works again: no turn is spent on trying."""
    doubted: bool = False
    """Whether it works is to be asked by a probe, although it is not open."""
    fault: Kind = "broken"
    """What it was opened for."""
    since: float = 0.0
    """When it was opened."""
    banned: float = -math.inf
    """Until when the provider itself has asked to be left alone."""
    proofs: int = 0
    """How often a probe has found that it works again."""
    allowance: Allowance = field(default_factory=Allowance)
    """For requests beyond what turns need."""
    changed: Callable[[], None] = _nobody
    """Told when it opens, closes or is doubted."""

    def failed(self, fault: Fault, now: float) -> None:
        """`now` in seconds of any monotonic clock, the same one for `admits`."""
        self.recent.append((now, fault.kind))
        while self.recent and self.recent[0][0] <= now - self.within:
            self.recent.popleft()
        often = len(self.recent) >= self.failures
        if self.open or often or fault.permanent or fault.retry_after > 0:
            self.trip(fault, now)

    def trip(self, fault: Fault, now: float) -> None:
        """Opens it, or keeps it open: nobody is asked sooner than a provider has wished."""
        if fault.retry_after > 0:
            self.ban(now + fault.retry_after)
        self.leave(fault.kind, now + (fault.retry_after or self._pause(fault)), now)

    def ban(self, until: float) -> None:
        """By the provider's own wish; opening it is another matter."""
        self.banned = max(self.banned, until)

    def leave(self, fault: Kind, until: float, now: float) -> None:
        """As `trip`, by what another worker knows of it."""
        if self.open:
            self.until = max(self.until, until)
            return
        self.open, self.doubted = True, False
        self.fault, self.since, self.until = fault, now, until
        self.changed()

    def doubt(self, now: float) -> None:
        """Something was wrong, perhaps not with the provider: a probe is to tell."""
        if not (self.open or self.doubted):
            self.doubted, self.until = True, now + PROBING
            self.changed()

    def worked(self, began: float) -> None:
        """`began`: when the request did. Failures of the last seconds stay: who fails every second
        time does not work. Only who was late, and is in time then, is not counted as failing: of
        many requests some are late, as lost hedges are."""
        if not self.open:
            late = [one for one in self.recent if one[1] == "late" and one[0] <= began]
            for one in late:
                self.recent.remove(one)
        elif self.closes(began):
            self.open = False
            self.recent.clear()
            self.changed()

    def closes(self, began: float) -> bool:
        """Whether a success of a request that began then is news: it was not under way when the
        breaker opened, nor sent while the provider wanted none."""
        return began >= max(self.since, self.banned)

    def proved(self, began: float) -> None:
        """A probe that began then has found that it works."""
        self.proofs += 1
        self.doubted = False
        self.worked(began)

    def watch(self, changed: Callable[[], None], now: float) -> None:
        """From now on probes ask, also one that only a new setting would have cured."""
        self.probed, self.changed = True, changed
        self.until = min(self.until, max(self.banned, now + MENDING))

    def unwatch(self) -> None:
        """Turns find out for themselves."""
        self.probed, self.changed = False, _nobody

    def admits(self, now: float) -> bool:
        """Whether to ask now. While open and not probed, one True every `rest` seconds."""
        if not self.open:
            return True
        if self.probed or now < self.until:
            return False
        self.until = now + self.rest
        return True

    def _pause(self, fault: Fault) -> float:
        if self.probed:
            return MENDING if fault.permanent else PROBING
        return math.inf if fault.permanent else self.rest


class Provider(Protocol):
    """What the policy needs to know of a client."""

    @property
    def name(self) -> str: ...
    @property
    def breaker(self) -> Breaker: ...


CLOSING = 0.2
"""Seconds that a stream has to close before the policy goes on without it."""

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
        except TimeoutError:
            pass  # raised in here, the fault would hold the task that holds it
        finally:
            self._running = None
        raise Fault(late, proven=late != "silent")


async def relay(
    providers: Sequence[P],
    ask: Callable[[P], AsyncGenerator[E]],
    *,
    first: float,
    gap: Callable[[], float | None] | None = None,
    hedge: float | None = None,
    spare: Callable[[P], bool] = lambda _provider: True,
    deadline: Deadline | None = None,
    report: Callable[[P, Fault], None] = lambda _provider, _fault: None,
) -> AsyncGenerator[E]:
    """The events of the first provider that answers; of the next one when it fails, and so on.

    `ask` opens a stream for what is missing *now*: the caller counts what it has used already.
    `first`: seconds a provider has for its first event. `gap`: seconds it has for each later one.
    `hedge`: seconds after which the next provider is started beside a late one, as far as the late
    one's allowance goes; the first to speak wins, the others are closed before its event leaves.
    `spare`: whether a provider may be started so; otherwise it waits until those before it have
    failed.
    Raises `Fault("exhausted")` when nobody is left.
    """
    now = time.monotonic()
    left = deque([p for p in providers if p.breaker.admits(now)] or providers)
    pace = deadline or Deadline()
    while left:
        race: _Race[P, E] = _Race(left, ask, first, spare, report)
        try:
            winner = await race.run(hedge)
        finally:
            await race.close()
        if winner is None:
            continue
        asked, event = winner
        provider, stream = asked.provider, asked.stream
        async with aclosing(stream):
            try:
                while True:
                    yield event
                    if gap is not None:
                        pace.within(gap())
                    event = await pace.next(stream, "silent" if gap is None else "stalled")
            except StopAsyncIteration:
                provider.breaker.worked(asked.began)
                return
            except Exception as error:  # noqa: BLE001
                _failed(provider, error, report)
    raise Fault("exhausted")


async def one(
    providers: Sequence[P],
    ask: Callable[[P], Awaitable[E]],
    *,
    within: float,
    hedge: float | None = None,
    report: Callable[[P, Fault], None] = lambda _provider, _fault: None,
) -> E:
    """The first answer to a plain call, `within` seconds for each provider in turn; `hedge` as in
    `relay`."""

    async def single(provider: P) -> AsyncGenerator[E]:
        yield await ask(provider)

    answers = relay(providers, single, first=within, hedge=hedge, report=report)
    async with aclosing(answers):
        [answer] = [answer async for answer in answers]  # to its end: only then has it worked
        return answer


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


@dataclass(frozen=True, slots=True)
class _Asked(Generic[P, E]):
    provider: P
    stream: AsyncGenerator[E]
    began: float
    """time.monotonic()"""


class _Race(Generic[P, E]):
    """Providers asked side by side until one of them says something."""

    def __init__(
        self,
        left: deque[P],
        ask: Callable[[P], AsyncGenerator[E]],
        first: float,
        spare: Callable[[P], bool],
        report: Callable[[P, Fault], None],
    ) -> None:
        self._left = left
        self._ask = ask
        self._first = first
        self._spare = spare
        self._report = report
        self._running: dict[asyncio.Task[E], _Asked[P, E]] = {}
        """In the order in which they were started."""
        self._before: set[asyncio.Task[E]] = set()
        """Those that began before the winner did."""

    async def run(self, hedge: float | None) -> tuple[_Asked[P, E], E] | None:
        """The first to speak, and its event; None when all that were asked failed."""
        self._start()
        granted = True
        while self._running:
            aside = granted and bool(self._left) and self._spare(self._left[0])
            done, _ = await asyncio.wait(
                self._running,
                timeout=hedge if aside else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in [task for task in self._running if task in done]:
                error = _error(task)
                if error is None:
                    started = list(self._running)
                    self._before = set(started[: started.index(task)])
                    return self._running.pop(task), task.result()
                asked = self._running.pop(task)
                await _close(asked.stream)
                _failed(asked.provider, error, self._report)
            if not done:
                granted = self._late().breaker.allowance.granted(time.monotonic())
            if self._left and (not self._running or (not done and granted)):
                self._start()
        return None

    async def close(self) -> None:
        """Losers are closed, also on barge-in; they stay available should the winner break."""
        losers, self._running = self._running, {}
        for task in losers:
            task.cancel()
        if losers:
            await asyncio.wait(losers, timeout=CLOSING)
        for task, asked in losers.items():
            await _close(asked.stream)
            self._left.append(asked.provider)
            error = _error(task) if task.done() and not task.cancelled() else None
            if task in self._before:
                _failed(asked.provider, error or Fault("late"), self._report)

    def _late(self) -> P:
        """Who is waited for, and pays for a hedge: the one that was asked last."""
        return [asked.provider for asked in self._running.values()][-1]

    def _start(self) -> None:
        provider = self._left.popleft()
        now = time.monotonic()
        provider.breaker.allowance.asked(now)
        stream = self._ask(provider)
        head = Deadline()
        head.within(self._first)
        first = asyncio.ensure_future(head.next(stream, "late"))
        self._running[first] = _Asked(provider, stream, now)


def _error(task: asyncio.Task[E]) -> BaseException | None:
    """Why it failed; a client that cancels itself has a bug and is as good as broken."""
    return Fault("broken", "cancelled itself") if task.cancelled() else task.exception()


async def _close(stream: AsyncGenerator[E]) -> None:
    """However long a client takes over it, and whatever it raises: others are being waited for."""
    with suppress(Exception):
        async with asyncio.timeout(CLOSING):
            await stream.aclose()
