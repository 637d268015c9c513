"""Callers talk while garbage arrives beside their voice, and requests at the doors."""

import asyncio
import base64
import logging
import statistics
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from loguru import logger

from agent.line.protocol import Bad, parse
from agent.simulators.twilio import Caller, CallReport
from knowledge.events import Late, Malformed
from tests.calls.house import OPENED, House, Said, open_house
from tests.calls.pulse import Pulse
from tests.fuzz import knocking, messages, requests

QUESTION = Said("google_brooklyn", "How old is the Brooklyn Bridge?")
RATE = 40.0
"""Messages of ours a second and stream. With Twilio's own 50 they stay below the 100 that a stream
may send: what is over is dropped, and proves nothing."""
REQUESTS = 40.0
"""Requests a second."""
AT_ONCE = 64
"""Requests that may wait for their answers."""
QUIET = 0.05
"""Share of the time for which a quiet machine may keep this process waiting; on a busier one a
delay is the machine's, and is told without being judged."""
DELAY = 0.02
"""Seconds by which garbage may delay a call."""
LEAD = 0.02
"""Seconds of audio that lie at Twilio at least when the next piece comes in time: see playout."""
KEPT = 400
"""Messages of each call, the last ones, that are saved when it fails."""


@dataclass(slots=True)
class Phase:
    """Calls of one kind, and what was measured in them."""

    reports: list[CallReport] = field(default_factory=list)
    margins: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    """Seconds, of messages that the service itself knows to have sent late."""
    lag: list[float] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    """Messages, by kind."""
    malformed: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    """Requests, by kind."""
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds of processor time for the message that is read longest."""
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    starved: float = 0.0
    """Share of the time in which other programs had the processor that this one wanted."""

    @property
    def answers(self) -> list[float]:
        """Seconds from question to answer."""
        turns = (turn for report in self.reports for turn in report.turns)
        return [turn.voice_to_voice for turn in turns if turn.voice_to_voice is not None]

    @property
    def behind(self) -> list[float]:
        """Seconds by which each piece of speech came later than it should."""
        return [max(0.0, LEAD - margin) for margin in self.margins]


@dataclass(slots=True)
class Plan:
    seed: str
    calls: int
    messages: int
    """In all, on the streams and at the doors."""
    seconds: float
    """At most."""
    reproducers: Path
    oversized: int = 1
    """Calls in which one message is too long."""

    @property
    def posts(self) -> int:
        share = REQUESTS / (REQUESTS + RATE * self.calls)
        return round(self.messages * share)


@dataclass(slots=True)
class Attack:
    """What is sent in one call."""

    house: House
    phase: Phase
    plan: Plan
    number: int
    last: deque[messages.Hostile] = field(default_factory=lambda: deque(maxlen=KEPT))

    async def act(self, caller: Caller, share: int, *, oversized: bool) -> None:
        """Garbage and questions at the same time; the last question is asked when all is said."""
        feeding = asyncio.create_task(self._feed(caller, share))
        try:
            while not feeding.done():
                await self.house.asks(caller, QUESTION, OPENED)
                if oversized:
                    oversized = False
                    await self._too_long(caller)
            await feeding
            await self.house.asks(caller, QUESTION, OPENED)
        finally:
            feeding.cancel()
            self.phase.margins += caller.margins

    async def _feed(self, caller: Caller, share: int) -> None:
        mutations = messages.Mutations(f"{self.plan.seed} call {self.number}")
        loop = asyncio.get_running_loop()
        began = loop.time()
        for sent in range(share):
            due = began + sent / RATE
            if due - began > self.plan.seconds:
                return
            await asyncio.sleep(due - loop.time())
            message = mutations.for_stream(caller.stream_sid)
            self.last.append(message)
            await caller.send(message.data)
            self.phase.sent[message.kind] += 1

    async def _too_long(self, caller: Caller) -> None:
        """Ends its stream, and the call comes back by the usual way."""
        before = caller.stream_sid
        await caller.send("x" * (messages.MOST + 1))
        await caller.until(lambda _: caller.stream_sid != before, 20.0, "for another stream")
        await caller.listen()

    def save(self, why: str) -> None:
        self.plan.reproducers.mkdir(parents=True, exist_ok=True)
        name = f"call {self.number} of seed {self.plan.seed}".replace(" ", "-")
        lines = [orjson.dumps({"why": why, "seed": self.plan.seed, "call": self.number})]
        lines += [_line(one) for one in self.last]
        (self.plan.reproducers / f"{name}.jsonl").write_bytes(b"\n".join(lines))


def _line(message: messages.Hostile) -> bytes:
    if isinstance(message.data, bytes):
        data = {"base64": base64.b64encode(message.data).decode()}
    else:
        data = {"text": message.data}
    return orjson.dumps({"kind": message.kind, **data})


async def phase(house: House, plan: Plan, *, hostile: bool, name: str = "") -> Phase:
    """`hostile=False`: the same calls with nothing beside them, a control run of that name."""
    found = Phase()
    share = (plan.messages - plan.posts) // plan.calls
    attacks = [Attack(house, found, plan, number) for number in range(plan.calls)]
    before, waited = time.monotonic(), _waited()
    async with Pulse() as pulse, asyncio.TaskGroup() as group:
        for attack in attacks:
            group.create_task(_call(attack, share, hostile=hostile, name=name))
        if hostile:
            group.create_task(_knock(house, plan, found))
    found.lag = pulse.delays
    found.seconds = time.monotonic() - before
    found.starved = (_waited() - waited) / found.seconds
    for report in found.reports:
        found.late += [one.seconds for one in house.witness.events(report.call_sid, Late)]
        found.malformed += len(house.witness.events(report.call_sid, Malformed))
    if hostile:
        found.slowest = reading(plan)
    return found


async def _call(attack: Attack, share: int, *, hostile: bool, name: str) -> None:
    oversized = hostile and attack.number < attack.plan.oversized

    async def act(_house: House, caller: Caller, _more: object) -> None:
        if hostile:
            await attack.act(caller, share, oversized=oversized)
        else:
            for _ in range(CONTROLS):
                await attack.house.asks(caller, QUESTION, OPENED)
            attack.phase.margins += caller.margins

    await asyncio.sleep(0.35 * attack.number)  # callers do not speak in chorus
    played = await attack.house.play(f"{name} {attack.number}", act)
    attack.phase.reports.append(played.report)
    if why := _failed(played.report, oversized=oversized):
        attack.phase.faults.append(f"call {attack.number}: {why}")
        attack.save(why)


def _waited() -> float:
    """Seconds that this thread has waited for a processor; 0.0 where the system does not tell."""
    told = Path("/proc/thread-self/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.is_file() else 0.0


CONTROLS = 4
"""Questions of a call in a control run."""


def _failed(report: CallReport, *, oversized: bool) -> str:
    """Why the call was deaf, or ended, as its caller saw it; "" for neither."""
    if report.failure:
        return report.failure
    codes = [stream.close_code for stream in report.streams]
    if len(codes) != 1 + oversized:
        return f"{len(codes)} streams, closed with {codes}"
    if oversized and codes[0] != 1009:
        return f"a message that was too long closed its stream with {codes[0]}"
    refused = sum(stream.refused for stream in report.streams)
    return f"{refused} messages of ours mean nothing to Twilio" if refused else ""


async def _knock(house: House, plan: Plan, found: Phase) -> None:
    """Requests at the doors while the calls are on."""
    made = requests.Requests(f"{plan.seed} requests", house.service.url, house.service.key)
    room, loop = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop()
    began = loop.time()

    async def one(request: requests.Hostile) -> None:
        async with room:
            answer = await knocking.ask(house.service.url, request)
        found.asked[request.kind] += 1
        found.statuses[answer.status] += 1
        if why := knocking.wrong(request, answer):
            found.faults.append(f"request, {request.kind}: {why}")
            plan.reproducers.mkdir(parents=True, exist_ok=True)
            name = f"request-{len(found.faults)}-of-seed-{plan.seed}"
            (plan.reproducers / name).write_bytes(b"".join(request.pieces))

    async with asyncio.TaskGroup() as group:
        for sent in range(plan.posts):
            await asyncio.sleep(began + sent / REQUESTS - loop.time())
            if loop.time() - began > plan.seconds:
                return
            group.create_task(one(made.next()))


def reading(plan: Plan) -> float:
    """Seconds of processor time for the slowest of this plan's messages, the best of three."""
    mutations = messages.Mutations(f"{plan.seed} call 0")
    slowest = 0.0
    for _ in range(min(2000, plan.messages)):
        data = mutations.for_stream("MZ1").data
        if isinstance(data, str):
            slowest = max(slowest, min(_spent(data) for _ in range(3)))
    return slowest


def _spent(data: str) -> float:
    before = time.thread_time()
    told = parse(data, "MZ1")
    spent = time.thread_time() - before
    assert not isinstance(told, Bad) or told.reason
    return spent


def delayed(controls: Sequence[Phase], hostile: Phase) -> list[str]:
    """What garbage makes later by more than 20 ms. A control run before and one after it tell what
    the machine does by itself."""
    faults = []
    medians = [statistics.median(control.answers) for control in controls]
    usual = statistics.median(one for control in controls for one in control.answers)
    noise = max(medians) - min(medians)
    later = statistics.median(hostile.answers) - usual
    if hostile.slowest > DELAY:
        faults.append(f"a message is read for {hostile.slowest * 1000:.0f} ms")
    if max(hostile.starved, *(control.starved for control in controls)) > QUIET:
        return faults
    if later > DELAY + noise:
        faults.append(f"answers come {later * 1000:.0f} ms later")
    late, before = _share(hostile.behind), max(_share(control.behind) for control in controls)
    if late > 0.01 and late > 2 * before:
        faults.append(f"{late:.1%} of the speech is late, without garbage {before:.1%}")
    return faults


def _share(late: list[float]) -> float:
    return sum(one > DELAY for one in late) / max(1, len(late))


def at(share: float, values: list[float]) -> float:
    """A quantile; 0.0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@asynccontextmanager
async def ground(folder: Path, faults: list[str]) -> AsyncIterator[House]:
    """A service, and whatever it logs with a stack trace among the faults."""

    def note(line: object) -> None:
        record = line.record  # type: ignore[attr-defined]
        if record["exception"] is not None:
            faults.append(f"logged: {record['message']}: {record['exception'].value!r}")

    sink, listener = logger.add(note, level="DEBUG", format="{message}"), _Listener(faults)
    logging.getLogger().addHandler(listener)
    try:
        async with open_house(folder, [QUESTION]) as house:
            yield house
    finally:
        logging.getLogger().removeHandler(listener)
        logger.remove(sink)


class _Listener(logging.Handler):
    """For the web server, and for tasks that nobody waits for."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # RFC 6455, 8.1: text that is no UTF-8 fails its own connection; the server says how
        if error is not None and not isinstance(error, UnicodeDecodeError):
            self._faults.append(f"logged: {record.getMessage()}: {error!r}")
