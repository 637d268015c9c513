"""Runs a call's TwiML: verb after verb, document after document."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from agent.simulators.twilio import document
from agent.simulators.twilio.conditions import Conditions, Dialled, OnDrop
from agent.simulators.twilio.notices import Code, Refused
from agent.simulators.twilio.stream import Ended
from agent.simulators.twilio.webhook import Answer, Webhooks

HOPS = 50
"""Documents without a pause, speech or stream between them, before Twilio would give up."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A document that an address answers with."""

    url: str
    method: str = "POST"
    extra: tuple[tuple[str, str], ...] = ()
    """Form fields beside the usual ones, e.g. the digits of a `<Gather>`."""


@dataclass(frozen=True, slots=True)
class Given:
    """A document that came with an update by REST."""

    text: str


Source = Fetch | Given


class Line(Protocol):
    """What the program needs of its call."""

    conditions: Conditions
    webhooks: Webhooks
    keys: "asyncio.Queue[str]"
    spoken: list[str]
    dialled: list[tuple[str, str]]

    def form(self) -> dict[str, str]: ...
    def warn(self, code: Code, detail: str) -> None: ...
    def answered(self) -> None: ...
    async def connect(self, verb: document.Stream) -> Ended: ...
    async def confer(self, noun: document.Conference) -> bool: ...


class Program:
    def __init__(self, line: Line, fallback: str = "") -> None:
        self._line = line
        self._fallback = fallback
        self._instant = 0

    async def run(self, source: Source | None) -> None:
        """Until a document ends without another. Raises `Refused`."""
        while source is not None:
            self._instant += 1
            if self._instant > HOPS:
                raise Refused(Code.BAD_SCHEMA, f"{HOPS} documents that do nothing but redirect")
            source = await self._document(source)

    async def _document(self, source: Source) -> Source | None:
        base, text = await self._text(source)
        page = document.read(text, base=base)
        for tag in page.skipped:
            self._line.warn(Code.BAD_SCHEMA, f"<{tag}> is not known here and was skipped")
        for verb in page.verbs:
            outcome = await self._verb(verb)
            if outcome is not None:
                return outcome if isinstance(outcome, Fetch) else None
        return None

    async def _text(self, source: Source) -> tuple[str, str]:
        if isinstance(source, Given):
            return "", source.text
        form = self._line.form() | dict(source.extra)
        answer = await self._line.webhooks.ask(source.url, form, source.method)
        problem = _problem(answer)
        if problem is None:
            return source.url, answer.body
        if not self._fallback or source.url == self._fallback:
            raise problem
        self._line.warn(problem.code, problem.detail)
        asked = {"ErrorCode": str(problem.code.value), "ErrorUrl": source.url}
        return await self._text(Fetch(self._fallback, extra=tuple(asked.items())))

    async def _verb(self, verb: document.Verb) -> Fetch | document.Hangup | None:
        """Where to go on: a document, the end of the call, or (None) the next verb."""
        if not isinstance(verb, document.Connect | document.Hangup | document.Redirect):
            self._line.answered()
            self._instant = 0
        match verb:
            case document.Say() | document.Play() | document.Pause():
                await asyncio.sleep(self._prompt(verb))
            case document.Connect():
                return await self._connect(verb)
            case document.Redirect():
                return Fetch(verb.url, verb.method)
            case document.Dial():
                return await self._dial(verb)
            case document.Gather():
                return await self._gather(verb)
            case document.Hangup():
                return verb
        return None

    def _prompt(self, verb: document.Say | document.Play | document.Pause) -> float:
        """Seconds that it takes; what is said is noted."""
        match verb:
            case document.Say():
                self._line.spoken.append(verb.text)
                rate = self._line.conditions.say_rate
                return len(verb.text) / rate if rate > 0 else 0.0
            case document.Pause():
                return verb.seconds
            case document.Play():
                return 0.0

    async def _connect(self, verb: document.Connect) -> Fetch | document.Hangup | None:
        began = time.monotonic()
        ended = await self._line.connect(verb.stream)
        if time.monotonic() - began > 1:
            self._instant = 0
        if ended is Ended.TWILIO:
            return document.Hangup()  # an update or the end of the call has taken over
        if ended is Ended.LOST:
            match self._line.conditions.on_drop:
                case OnDrop.END:
                    return document.Hangup()
                case OnDrop.NEXT:
                    return None
        return Fetch(verb.action, verb.method) if verb.action else None

    async def _dial(self, verb: document.Dial) -> Fetch | None:
        self._line.dialled.extend(verb.targets)
        began = time.monotonic()
        if verb.conference is not None:
            joined = await self._line.confer(verb.conference)
            outcome = Dialled("answered" if joined else "failed", time.monotonic() - began)
        else:
            outcome = self._line.conditions.dial
            await asyncio.sleep(outcome.seconds)
        if not verb.action:
            return None
        extra = {
            "DialCallStatus": outcome.status,
            "DialCallDuration": str(round(outcome.seconds)),
        }
        return Fetch(verb.action, verb.method, tuple(extra.items()))

    async def _gather(self, verb: document.Gather) -> Fetch | None:
        """Keys pressed while the prompts play count too."""
        pressed: list[str] = []
        collect = asyncio.ensure_future(self._collect(verb, pressed))
        try:
            await _first(collect, self._prompts(verb.prompts))
            async with asyncio.timeout(None if collect.done() else verb.timeout):
                await collect
        except TimeoutError:
            pass
        finally:
            collect.cancel()
        if not pressed:
            return None
        return Fetch(verb.action, verb.method, (("Digits", "".join(pressed)),))

    async def _prompts(
        self, prompts: tuple[document.Say | document.Play | document.Pause, ...]
    ) -> None:
        for prompt in prompts:
            await asyncio.sleep(self._prompt(prompt))

    async def _collect(self, verb: document.Gather, pressed: list[str]) -> None:
        while True:
            key = await self._line.keys.get()
            if key == verb.finish:
                return
            pressed.append(key)
            if len(pressed) == verb.digits:
                return


async def wait(line: Line, noun: document.Conference) -> None:
    """What is heard until a conference starts; it ends when that happens."""
    if not noun.wait_url:
        return
    try:
        await Program(line).run(Fetch(noun.wait_url, noun.wait_method))
    except Refused as error:
        line.warn(error.code, error.detail)


async def _first(watched: "asyncio.Future[None]", other: Awaitable[None]) -> None:
    """Until either is done; `other` does not outlive this."""
    task = asyncio.ensure_future(other)
    try:
        await asyncio.wait({watched, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()


def _problem(answer: Answer) -> Refused | None:
    if not answer.ok:
        what = answer.error or f"HTTP {answer.status}"
        return Refused(Code.WEBHOOK_FAILED, f"the webhook failed: {what}")
    if "xml" not in answer.content_type:
        return Refused(Code.BAD_CONTENT_TYPE, f"{answer.content_type}, expected text/xml")
    return None
