"""What frames tell a recording."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agent.recording.observer import RecordingObserver
from agent.recording.recorder import Recorder
from agent.recording.studio import Studio, opened
from agent.settings import Settings
from knowledge.events import nowhere
from knowledge.privacy import Redactor
from knowledge.privacy.vault import Vault
from processors.frames import MASKED, ROUTE, SPAN
from processors.sanitize import Sanitize
from processors.turns.agent import AgentTurn
from processors.voice.service import Voice

RATE = 8000
VOICE = b"\x00\x20" * RATE
SECOND = b"\x20" * RATE


class Scene:
    def __init__(self, studio: Studio) -> None:
        redactor = Redactor({"policy": r"[A-Z]{2}-\d{7}"}, today=date(2026, 11, 22))
        self.now = 0.0
        self.recorder = Recorder("CA1", studio, clock=lambda: self.now)
        self._observer = RecordingObserver(self.recorder, redactor)
        self._sanitize = Sanitize(redactor, Vault(), longest=5000, least=0.6)
        self._other = FrameProcessor()
        self._voice = Voice([], call="CA1", emit=nowhere, language="en")
        self._agent = AgentTurn(LLMContext([]))

    def second(self) -> None:
        self.now += 1.0
        self.recorder.heard(VOICE)
        self.recorder.sent(SECOND, self.now - 1.0)

    async def heard(self, text: str, since: float, until: float, *, masked: bool | None) -> None:
        """`masked`: None where the masking has failed."""
        frame = TranscriptionFrame(text, "", "")
        SPAN.on(frame, (round(since * RATE), round(until * RATE)))
        if masked is not None:
            MASKED.on(frame, masked)
        await self.pushed(frame, self._sanitize, self._other)

    async def hears(self, text: str) -> None:
        frame = MASKED.on(InterimTranscriptionFrame(text, "", ""), False)
        await self.pushed(frame, self._sanitize, self._other)

    async def says(self, text: str, route: str) -> None:
        await self.pushed(ROUTE.on(LLMTextFrame(text), route), self._other, self._voice)

    async def over(self) -> None:
        await self.pushed(LLMFullResponseEndFrame(), self._other, self._agent)

    async def pushed(self, frame: Frame, source: FrameProcessor, to: FrameProcessor) -> None:
        down = FrameDirection.DOWNSTREAM
        await self._observer.on_push_frame(FramePushed(source, to, frame, down, 0))

    async def passes(self, frame: Frame) -> None:
        """Anywhere else, twice, as a pipeline has it."""
        for _ in range(2):
            await self.pushed(frame, self._other, self._other)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    settings = Settings(recording="on", recording_dir=folder)
    async with opened(settings, lambda _event: None) as studio:
        made = Scene(studio)
        made.recorder.begin()
        yield made
        await made.recorder.close()


def told(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("*.jsonl")
    return [orjson.loads(line) for line in path.read_bytes().splitlines()][1:]


def audible(folder: Path, leg: int) -> list[bool]:
    """By second."""
    (path,) = folder.glob("*.wav")
    samples = memoryview(path.read_bytes()[44:]).cast("h")[leg::2].tolist()
    return [any(samples[n * RATE : (n + 1) * RATE]) for n in range(len(samples) // RATE)]


async def test_words_behind_the_masking_decide_what_is_heard(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        for _ in range(9):
            one.second()
        await one.heard("what is it", 0, 1, masked=False)
        await one.heard("[card number]", 3, 4, masked=True)
        await one.heard("4111 1111 1111 1111", 6, 7, masked=None)
        frame = SPAN.on(TranscriptionFrame("before the masking", "", ""), (0, 9 * RATE))
        await one.passes(frame)
    assert audible(tmp_path, 0) == [True] + [False] * 8
    assert [event["fields"]["text"] for event in told(tmp_path)] == [
        "what is it", "[card number]", "",
    ]  # fmt: skip


async def test_interim_words_are_kept_only_if_nothing_of_them_was_masked(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        one.second()
        await one.hears("what")
        one.second()
        await one.heard("what is it", 0, 1, masked=False)
        await one.hears("my mail is joe at mail dot")
        await one.heard("my mail is [email address]", 1, 2, masked=True)
        await one.hears("and then")
    lines = [(event["kind"], event["fields"]["text"]) for event in told(tmp_path)]
    assert lines == [
        ("interim", "what"),
        ("final", "what is it"),
        ("interim", ""),
        ("final", "my mail is [email address]"),
    ]
    assert [event["at"] for event in told(tmp_path)][:2] == [1.0, 2.0]


async def test_the_agent_is_silent_while_a_model_tells_something_personal(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        one.second()
        await one.says("Call us at 555 123 4567.", "knowledge")
        one.second()
        await one.over()
        await one.says("Your policy is AB-1234567.", "model")
        one.second()
        await one.over()
        await one.says("Your number is 555 123 4567.", "model")
        one.second()
        await one.says("Is that right?", "model")
        one.second()
        await one.over()
        one.second()
        await one.says("Your card is 4111 1111 1111 1111.", "model")
        one.second()
        await one.passes(InterruptionFrame())
        one.second()
    assert audible(tmp_path, 1) == [True, True, True, False, False, True, False, True]
    sentences = [e["fields"]["text"] for e in told(tmp_path) if e["kind"] == "sentence"]
    assert sentences[0] == "Call us at 555 123 4567."
    assert "555" not in sentences[2]
    assert sentences[-1] == "Your card is [card number]."


async def test_what_passes_several_stages_is_told_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        interruption, speech = InterruptionFrame(), VADUserStartedSpeakingFrame()
        for _ in range(2):
            await one.passes(interruption)
            await one.passes(speech)
        await one.passes(TTSAudioRawFrame(b"", RATE, 1))
        await one.passes(TTSAudioRawFrame(b"", RATE, 1))
        await one.over()
        await one.passes(TTSAudioRawFrame(b"", RATE, 1))
    assert [event["kind"] for event in told(tmp_path)] == [
        "interruption", "caller_speaks", "voice", "voice",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["My card is 4111 1111 1111 1111.", "x" * 6000])
async def test_what_was_masked_or_not_read_to_its_end_is_marked(text: str) -> None:
    sanitize = Sanitize(Redactor({}, today=date(2026, 11, 22)), Vault(), longest=5000, least=0.6)
    assert [
        MASKED.of(made) async for made in sanitize.handle(TranscriptionFrame(text, "", ""))
    ] == [True]
    clean = TranscriptionFrame("What is a deductible?", "", "")
    assert [MASKED.of(made) async for made in sanitize.handle(clean)] == [False]
