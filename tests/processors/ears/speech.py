"""Sounds with the structure of speech, the VAD's view of them, and a call that feeds them in."""

import asyncio
import zlib
from dataclasses import dataclass, field

import numpy as np
from pipecat.frames.frames import (
    CancelFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from agent.simulators.deepgram import Recording
from knowledge.events import Event
from processors.ears.service import Ears
from tests.eventually import until

RATE = 8000
FRAME = 960
"""Bytes of PCM fed at a time: 60 ms."""
START, STOP = 0.2, 0.2
"""Seconds after which the VAD believes in speech and in its end."""


def spoken(text: str, language: str = "en") -> Recording:
    """Each word a burst of noise of its own colour, a quarter of a second and more."""
    return Recording(text, language, b"".join(_word(word) for word in text.split()))


def _word(word: str) -> bytes:
    """Syllables: each a tenth of a second of noise through a filter that its letters choose."""
    sounds = []
    for place in range(0, max(len(word), 2), 2):
        draw = np.random.default_rng(zlib.crc32(f"{word} {place}".encode()))
        size = RATE // 8
        spectrum = np.fft.rfft(draw.normal(size=size))
        hertz = np.fft.rfftfreq(size, 1 / RATE)
        gain = sum(
            np.exp(-(((hertz - middle) / 200) ** 2)) for middle in draw.uniform(250, 3400, 3)
        )
        sounds.append(np.fft.irfft(spectrum * gain, size) * np.hanning(size) ** 0.3)
    sound = np.concatenate(sounds)
    return np.asarray(sound / np.abs(sound).max() * 9000, "<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


class _End(FrameProcessor):
    """Keeps what comes to one end of the pipeline."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self.frames: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        await self.push_frame(frame, direction)


@dataclass
class Call:
    """A pipeline of nothing but ears. `speed`: how much faster than real time audio comes."""

    ears: Ears
    events: list[Event]
    speed: float = 4.0
    source: _End = field(default_factory=_End)
    sink: _End = field(default_factory=_End)

    async def __aenter__(self) -> "Call":
        self.worker = PipelineWorker(
            Pipeline([self.source, self.ears, self.sink]),
            params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
        )
        started = asyncio.Event()

        async def ready(_worker: object, _frame: object) -> None:
            started.set()

        self.worker.event_handler("on_pipeline_started")(ready)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        self.running = asyncio.create_task(runner.run())
        await started.wait()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.worker.queue_frame(CancelFrame())
        await self.running

    async def hear(self, pcm: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, len(pcm), FRAME):
            await self.push(InputAudioRawFrame(pcm[at : at + FRAME], RATE, 1))
            due += FRAME / 2 / RATE / self.speed
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def say(self, *recordings: Recording, vad: bool = True) -> None:
        """Each with the frames that a VAD would give out, and silence after it."""
        for recording in recordings:
            at = round(START * RATE) * 2
            await self.hear(recording.pcm[:at])
            if vad:
                await self.push(VADUserStartedSpeakingFrame(start_secs=START))
            await self.hear(recording.pcm[at:] + silence(STOP))
            if vad:
                await self.push(VADUserStoppedSpeakingFrame(stop_secs=STOP))

    async def push(self, frame: Frame) -> None:
        await self.source.push_frame(frame)

    async def final(self) -> None:
        """Waits until the end of speech is answered."""
        await until(lambda: any(frame.finalized for frame in self.finals))

    @property
    def finals(self) -> list[TranscriptionFrame]:
        return [frame for frame in self.sink.frames if isinstance(frame, TranscriptionFrame)]

    @property
    def interims(self) -> list[InterimTranscriptionFrame]:
        return [frame for frame in self.sink.frames if isinstance(frame, InterimTranscriptionFrame)]

    @property
    def errors(self) -> list[ErrorFrame]:
        return [frame for frame in self.source.frames if isinstance(frame, ErrorFrame)]

    @property
    def text(self) -> str:
        """All that became final, in small letters without punctuation."""
        joined = " ".join(frame.text for frame in self.finals).lower()
        return "".join(c for c in joined if c.isalnum() or c in " '")


def call(
    clients: list[object], *, languages: tuple[str, ...] = ("en",), speed: float = 4.0
) -> Call:
    events: list[Event] = []
    ears = Ears(clients, call="CA1", languages=languages, emit=events.append)  # type: ignore[arg-type]
    return Call(ears, events, speed)
