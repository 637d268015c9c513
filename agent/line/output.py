"""The agent's voice: paced, marked, held and cleared; and what of it the caller has heard."""

import asyncio
import time
from collections.abc import Callable

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    StartFrame,
    SystemFrame,
    TextFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agent.line.playout import GRID, Playout, Text
from agent.line.protocol import RATE, mulaw
from agent.line.stream import MediaStream
from knowledge.events import Emit, Late
from processors.frames import (
    PROTECTED,
    REMEMBERED,
    GuardFrame,
    HangUpFrame,
    HeardFrame,
    HoldReleaseFrame,
    PersonFrame,
    UnspokenFrame,
)
from processors.voice.service import AT

LONGEST_SLEEP = 0.06
"""Seconds; a mark's echo and a release wake nobody."""
HOLD = 3.0
"""Seconds after which a hold that nobody has decided about ends by itself."""
LATE = 0.02
"""Seconds after its slot at which a message counts as late."""


class LineOutput(FrameProcessor):
    """In direct mode, in place of Pipecat's output transport, which can neither hold nor mark."""

    def __init__(
        self,
        stream: MediaStream,
        *,
        holds: bool,
        emit: Emit,
        sent: Callable[[bytes, float], None],
        cleared: Callable[[float], None],
        said: Callable[[str], None],
        asked: Callable[[PersonFrame | HangUpFrame | UnspokenFrame], None],
    ) -> None:
        """`holds`: speech of the caller holds the voice at once. `sent(mulaw, at)`: audio that the
        caller hears from `at` on (monotonic seconds), `cleared(now)`: the rest of it is not heard,
        `said(text)`: words that are about to be.
        `asked`: a wish whose sentence was heard; that of a person also where it was interrupted."""
        super().__init__(enable_direct_mode=True)
        self._stream = stream
        self._holds = holds
        self._emit = emit
        self._sent = sent
        self._cleared = cleared
        self._said = said
        self._asked = asked
        self._playout: Playout[Frame] = Playout()
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._speaking = False
        self._answering = False
        """Between a response's start and its end: more may come."""
        self._guarded = False
        self._ready = 0.0
        """Since when there is audio that may be sent."""
        self._held_since = 0.0
        self._contexts: dict[str, int] = {}
        """The sample at which the voice's audio context begins: its words are timed from there."""

    def played(self, mark: str, now: float) -> None:
        """Twilio echoed one of our marks."""
        self._playout.echoed(mark, now)
        self._wake.set()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.UPSTREAM:
            await self.push_frame(frame, direction)
            return
        match frame:
            case OutputAudioRawFrame():
                self._audio(frame)
            case TTSTextFrame():
                self._text(frame)
            case TextFrame():
                pass  # what is not spoken is not heard
            case HoldReleaseFrame():
                self._playout.held = False
                self._ready = time.monotonic()
                self._wake.set()
            case InterruptionFrame() | CancelFrame():
                await self._interrupt(frame)
            case VADUserStartedSpeakingFrame():
                self._hold()
                await self.push_frame(frame, direction)
            case SystemFrame():
                await self.push_frame(frame, direction)
            case _:
                self._playout.add(frame)
                self._wake.set()
        if isinstance(frame, StartFrame) and self._pump is None:
            self._pump = self.create_task(self._run(), "pump")

    async def cleanup(self) -> None:
        if self._pump is not None:
            await self.cancel_task(self._pump)
            self._pump = None
        await super().cleanup()

    def _audio(self, frame: OutputAudioRawFrame) -> None:
        if frame.sample_rate != RATE or frame.num_channels != 1:
            raise ValueError(f"the line takes {RATE} Hz mono, the voice gave {frame.sample_rate}")
        playout = self._playout
        context = getattr(frame, "context_id", None)
        if context and context not in self._contexts:
            self._contexts = {context: playout.queued}
        if playout.queued == playout.sent:
            self._ready = time.monotonic()
        playout.add_audio(mulaw(frame.audio), protected=PROTECTED.of(frame))
        self._wake.set()

    def _text(self, frame: TTSTextFrame) -> None:
        remembered = frame.append_to_context and REMEMBERED.of(frame)
        self._said(frame.text)
        at = AT.of(frame)
        if at >= 0:
            start = self._contexts.get(frame.context_id or "", self._playout.queued)
            self._playout.add_word(frame.text, start + int(at * RATE), remembered=remembered)
        else:
            self._playout.add_text(frame.text, remembered=remembered)
        self._wake.set()

    def _hold(self) -> None:
        now = time.monotonic()
        if self._holds and not self._playout.protected(now):
            self._playout.held = True
            self._held_since = now

    async def _interrupt(self, frame: Frame) -> None:
        now = time.monotonic()
        audible = self._playout.audible(now)
        heard, waiting = self._playout.interrupt(now)
        self._answering = False
        self._contexts.clear()
        if audible:
            self._stream.clear()
            self._cleared(now)
        for text in heard:
            await self._heard(text)
        await self.push_frame(frame)
        for item in waiting:
            if isinstance(item, PersonFrame):
                self._asked(item)
            if not item.interruptible:
                await self.push_frame(item)
        await self._stopped()

    async def _run(self) -> None:
        while True:
            now = time.monotonic()
            await self._play(now)
            await self._give(now)
            if self._playout.busy:
                now = time.monotonic()
                slot = (int(max(now, self._playout.slot) / GRID) + 1) * GRID
                await asyncio.sleep(min(slot - now, LONGEST_SLEEP))
            else:
                if not self._answering:
                    await self._stopped()
                self._wake.clear()
                await self._wake.wait()

    async def _play(self, now: float) -> None:
        playout = self._playout
        if playout.held and now - self._held_since > HOLD:
            playout.held = False  # whoever decides about turns has not: silence would be for ever
        if playout.queued > playout.sent and not playout.held and not self._speaking:
            self._speaking = True
            await self.broadcast_frame(BotStartedSpeakingFrame)
        slot = max(playout.slot, self._ready)
        while (chunk := playout.next_chunk(now)) is not None:
            self._stream.media(chunk)
            self._sent(chunk, now + playout.dry(now) - len(chunk) / RATE)
            self._marks()
            if now - slot > GRID + LATE:
                self._emit(Late(self._stream.call, now - slot - GRID))
            slot = now
        self._marks()
        if (guarded := playout.protected(now)) != self._guarded:
            self._guarded = guarded
            await self.push_frame(GuardFrame(on=self._guarded), FrameDirection.UPSTREAM)

    def _marks(self) -> None:
        while (mark := self._playout.next_mark()) is not None:
            self._stream.mark(mark)

    async def _give(self, now: float) -> None:
        for item in self._playout.take_played(now):
            match item:
                case Text():
                    await self._heard(item)
                case PersonFrame() | HangUpFrame() | UnspokenFrame():
                    self._asked(item)
                    await self.push_frame(item)
                case _:
                    if isinstance(item, LLMFullResponseStartFrame):
                        self._answering = True
                    elif isinstance(item, LLMFullResponseEndFrame | EndFrame):
                        self._answering = False
                    await self.push_frame(item)

    async def _heard(self, text: Text) -> None:
        if text.remembered:
            await self.push_frame(HeardFrame(text=text.words))

    async def _stopped(self) -> None:
        if self._guarded:
            self._guarded = False
            await self.push_frame(GuardFrame(on=False), FrameDirection.UPSTREAM)
        if self._speaking:
            self._speaking = False
            await self.broadcast_frame(BotStoppedSpeakingFrame)
