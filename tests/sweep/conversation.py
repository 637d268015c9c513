"""A worker below telephony: the product's own pipeline, journal, memory, metrics and logs, where
what a caller says is a transcript and what the agent says is heard at once."""

import asyncio
import secrets
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pydantic import SecretStr

from agent.books import Books, address, open_books
from agent.call import Call
from agent.erasers import patient, places
from agent.erasing import Erasing
from agent.housekeeping import Kept, keeping_house
from agent.line.protocol import Start
from agent.pepper import pepper
from agent.pipeline import stages as usual
from agent.providers import open_providers
from agent.reception import everybody
from agent.recording.studio import opened
from agent.settings import Settings
from agent.switchboard import Switchboard
from agent.watch import lines, logs
from agent.watch.metrics import Metrics
from knowledge import callers
from knowledge.events import Event
from processors.frames import CONFIDENCE, LANGUAGE, HeardFrame
from tests.sweep.canaries import Told

PATIENCE = 20.0
"""Seconds for an answer on a busy machine."""


class Typed(FrameProcessor):
    """In place of line and ears."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def say(self, text: str, language: str) -> None:
        frame = TranscriptionFrame(text, "caller", "", finalized=True)
        frame.interruptible = False
        await self.push_frame(LANGUAGE.on(CONFIDENCE.on(frame, 0.97), language))


class Aloud(FrameProcessor):
    """In place of voice and line: each answer is heard to its end as soon as it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._text: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            self._text.append(frame.text.strip())
            return
        if isinstance(frame, LLMFullResponseEndFrame) and self._text:
            answer, self._text = " ".join(self._text), []
            await self.broadcast_frame(BotStartedSpeakingFrame)
            await self.push_frame(HeardFrame(text=answer))
            await self.push_frame(frame, direction)
            await self.broadcast_frame(BotStoppedSpeakingFrame)
            self.said.append(answer)
            return
        if not isinstance(frame, TTSTextFrame):
            await self.push_frame(frame, direction)


class Nobody:
    """A socket on which nothing comes."""

    def __init__(self) -> None:
        self.scope: MutableMapping[str, Any] = {}

    async def receive(self) -> dict[str, str]:
        await asyncio.Event().wait()
        return {"type": "websocket.disconnect"}

    async def send_text(self, data: str) -> None: ...

    async def close(self, code: int = 1000) -> None: ...


@dataclass
class Worker:
    settings: Settings
    books: Books
    metrics: Metrics
    erase: Erasing
    log: StringIO
    events: list[Event]
    calls: dict[str, tuple[Typed, Aloud]] = field(default_factory=dict)
    greetings: dict[str, str] = field(default_factory=dict)
    """What each call began with."""
    switchboard: Switchboard = field(init=False)

    def stages(self, call: Call) -> list[FrameProcessor]:
        """The product's, from the keys to the last translation."""
        line = usual(call)
        typed, aloud = self.calls[call.sid] = Typed(), Aloud()
        return [typed, *line[3:-3], aloud, line[-1]]

    async def converse(self, told: Told) -> str:
        """A call from its greeting to its end; its CallSid."""
        sid = "CA" + secrets.token_hex(16)
        caller = callers.name(told.number, pepper(self.settings))
        start = Start(sid, "MZ" + sid[2:], "audio/x-mulaw", 8000, 1, {"caller": caller})
        on = asyncio.create_task(self.switchboard.answer(Nobody(), start))
        try:
            async with asyncio.timeout(PATIENCE * len(told.utterances)):
                await self._heard(sid, 2)  # the second: that the call is recorded
                self.greetings[sid] = self.calls[sid][1].said[0]
                for text in told.utterances:
                    typed, aloud = self.calls[sid]
                    before = len(aloud.said)
                    await typed.say(text, told.language)
                    await self._heard(sid, before + 1)
        finally:
            self.switchboard.over(sid, "hung_up")
            await asyncio.wait({on}, timeout=PATIENCE)
            self.calls.pop(sid, None)
        return sid

    async def _heard(self, sid: str, answers: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while sid not in self.calls or len(self.calls[sid][1].said) < answers:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def working(folder: Path, redis_url: str, model_url: str) -> AsyncIterator[Worker]:
    settings = Settings(
        data_dir=folder,
        redis_url=SecretStr(redis_url),
        twilio_auth_token=SecretStr("t" * 32),
        openai_api_key=SecretStr("sk-test"),
        openai_base_url=model_url,
        embedding="none",
        languages=("en", "es"),
        recording="on",
        recording_dir=folder / "recordings",
        retention_days=1,
    )
    log, events, metrics = StringIO(), list[Event](), Metrics()
    logs.configure("DEBUG", "json", log)
    watchers = everybody(metrics.record, lines.write, events.append)
    async with AsyncExitStack() as stack:
        books = open_books(settings, watchers)
        await books.database.prepare()
        await books.start()
        stack.push_async_callback(books.close)
        emit = everybody(watchers, books.journal.record)
        providers = await open_providers(settings, emit, speech=False)
        stack.push_async_callback(providers.close)
        providers.studio = await stack.enter_async_context(opened(settings, watchers))
        redis = await stack.enter_async_context(patient(settings))
        kept = Kept(providers.memory, providers.callers, providers.translations, providers.erased)
        follow = await stack.enter_async_context(
            keeping_house(settings, books.database, address(settings), kept, watchers)
        )
        everywhere = places(settings, books.database, redis)
        erase = Erasing(everywhere, pepper(settings), emit=watchers, told=follow.tick)
        worker = Worker(settings, books, metrics, erase, log, events)
        worker.switchboard = Switchboard(providers, worker.stages)
        yield worker
        worker.switchboard.end_all("stopped")
        await worker.switchboard.drained()
