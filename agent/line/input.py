"""The caller's voice: Twilio's messages become frames."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame, StartFrame
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)

from agent.line.protocol import RATE, Digit, Mark, Media, Stop, pcm
from agent.line.stream import REST, MediaStream


class LineInput(FrameProcessor):
    """Direct mode: a frame is handled where it is pushed. Nothing of Pipecat's own input transport
    is used: its queue, its task and its timers were a third of an idle call's CPU."""

    def __init__(
        self,
        stream: MediaStream,
        *,
        heard: Callable[[bytes], None],
        pressed: Callable[[], None],
        played: Callable[[str, float], None],
        ended: Callable[[bool], None],
        still: Callable[[], bool],
    ) -> None:
        """`heard(pcm)`: what the stages behind were given, `pressed()`: a key was. `played(mark,
        now)`: Twilio echoed a mark. `ended(stopped)`: the stream is over, by
        Twilio's own `stop` (the caller hung up) or because the connection is lost. `still()`:
        nobody speaks, so the line may be read less often."""
        super().__init__(enable_direct_mode=True)
        self._stream = stream
        self._heard = heard
        self._pressed = pressed
        self._played = played
        self._ended = ended
        self._still = still
        self._unhurried = False
        self._taken = b""
        """mu-law that was not handed on yet."""
        self._reader: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        # 50 frames a second pass here: an observer would be called twice for each
        await super().setup(replace(setup, observer=None))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame) and self._reader is None:
            self._reader = self.create_task(self._read(), "read")
            self._watcher = self.create_task(self._watch(), "watch")

    async def cleanup(self) -> None:
        for task in (self._reader, self._watcher):
            if task is not None:
                await self.cancel_task(task)
        self._reader = self._watcher = None
        await super().cleanup()

    async def _read(self) -> None:
        stopped = False
        async for message in self._stream.messages():
            match message:
                case Media(mulaw):
                    self._taken += mulaw
                    if not self._unhurried or len(self._taken) >= REST * RATE:
                        await self._hear()
                case Mark(name):
                    self._played(name, time.monotonic())
                case Digit(digit) if digit in _KEYS:
                    self._pressed()
                    await self.push_frame(InputDTMFFrame(button=_KEYS[digit]))
                case Stop():
                    stopped = True
                case _:
                    pass  # connected and start were read before the pipeline began
        self._ended(stopped)

    async def _watch(self) -> None:
        await self._stream.dead()
        self._ended(False)

    async def _hear(self) -> None:
        audio = pcm(self._taken)
        self._taken = b""
        frame = InputAudioRawFrame(audio=audio, sample_rate=RATE, num_channels=1)
        await self.push_frame(frame)
        self._heard(frame.audio)  # Hear has taken out what was an echo of ours
        self._unhurried = self._still()
        self._stream.be_unhurried(self._unhurried)


_KEYS = {entry.value: entry for entry in KeypadEntry}
