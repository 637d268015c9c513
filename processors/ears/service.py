"""Ears: one speech-to-text service to the pipeline, an ordered list of recognisers below it.

A recogniser that takes over gets the audio from the last final word on, at once, and what it
repeats is dropped: no word is lost and none comes twice, whichever breaks, and whenever.
"""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.time import time_now_iso8601

from knowledge.chain import Deadline, Fault, relay
from knowledge.events import Answered, Emit, Switched
from processors.ears.mouth import Client, Heard, Mouth
from processors.ears.returning import Returning
from processors.ears.ring import Ring
from processors.ears.words import Said, Words
from processors.frames import CONFIDENCE, LANGUAGE, ROUGH, SPAN, Key, PauseFrame

CONNECTED = 1.0
"""Seconds that a provider has to accept the connection."""
MUTE = 1.6
"""Seconds in which a streaming provider says something while the caller speaks. Deepgram reports
on each second of audio, with or without words in it."""
LATEST = 1.2
"""Seconds after the end of speech for which a provider that still says something is waited for."""
WORDY = 0.6
"""Seconds of voice in which there ought to be a word."""
RETRY = (0.25, 0.5, 1.0, 2.0)
"""Seconds of rest when every provider has failed, longer each time."""
LATENCY = 0.35
"""Seconds from the end of speech to its final, p99; the turn strategies wait no less."""
ATTEMPTS = 3
"""Providers that may fail at the same piece of audio before it is given up."""
LOOKING = 1.0
"""Seconds between two thoughts of going back to a better provider."""
ARRIVING = frozenset({"refused", "denied", "limited", "late"})
"""Faults before any audio was taken: they say nothing about the audio."""

SETTLED = Key[bool]("settled", False)
"""On the VAD's stop frame as it leaves the ears: every word before it was final already."""


class Ears(STTService):
    def __init__(
        self, clients: Sequence[Client], *, call: str, languages: tuple[str, ...], emit: Emit
    ) -> None:
        """`clients` in order of preference, shared by all calls. `languages`: two letters each."""
        super().__init__(
            audio_passthrough=False,
            ttfs_p99_latency=LATENCY,
            settings=STTSettings(model=None, language=None),
            enable_direct_mode=True,
        )
        self._call = call
        self._only = languages[0] if len(languages) == 1 else ""
        self._emit = emit
        self._ring = Ring()
        self._words = Words()
        self._returning = Returning(clients)
        self._deadline = Deadline()
        self._mouth: Mouth | None = None
        self._client: Client | None = None
        self._asked_at = 0.0
        """time.monotonic() of the last end of speech."""
        self._waiting_since = 0.0
        """The same, or when the provider in use was asked for what is owed."""
        self._attempts = 0
        self._rounds = 0
        """How often all have failed since somebody heard words."""
        self._taking = False
        self._tasks: list[asyncio.Task[None]] = []
        self._session: asyncio.Task[None] | None = None

    @property
    def listening(self) -> str:
        """Which recogniser is at work; "" between two."""
        return self._client.name if self._client is not None else ""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Of the base class's contract: the audio goes to the ring, the words come by a task."""
        self._hear(audio)
        return
        yield

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Observers see our words at the next processor; of the audio there is nothing to see."""
        await super().setup(dataclasses.replace(setup, observer=None))

    async def start(self, frame: StartFrame) -> None:
        """Connecting begins, and nobody waits for it."""
        await super().start(frame)
        self._tasks = [
            self.create_task(self._listen(), name="listen"),
            self.create_task(self._look_up(), name="look up"),
        ]

    async def stop(self, frame: EndFrame) -> None:
        self._hang_up()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        self._hang_up()
        await super().cancel(frame)

    async def cleanup(self) -> None:
        """The streams are closed within a second of the end of the call."""
        self._hang_up()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
        await super().cleanup()

    def _hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InputAudioRawFrame):
            if not self._muted:
                self._hear(frame.audio)
            return
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self._began(frame.start_secs)
        elif isinstance(frame, PauseFrame):
            if frame.on and self._mouth is not None:
                self._mouth.paused(self._ring.received)
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            SETTLED.on(frame, self._ceased(frame.stop_secs))
        await super().process_frame(frame, direction)

    def _hear(self, pcm: bytes) -> None:
        self._ring.write(pcm)
        if self._mouth is not None:
            self._mouth.advance()

    def _began(self, start_secs: float) -> None:
        at = self._words.began(self._ring.received, start_secs)
        if self._mouth is not None:
            self._mouth.started(at)
        self._expect()

    def _ceased(self, stop_secs: float) -> bool:
        settled = self._words.ceased(self._ring.received, stop_secs)
        self._asked_at = self._waiting_since = time.monotonic()
        if self._mouth is not None:
            self._mouth.stopped(self._ring.received)
        self._expect()
        return settled

    def _expect(self) -> None:
        """When the provider in use has to say something. Noise opens a VAD too: no proof."""
        if self._client is None or self._words.idle:
            self._deadline.within(None)
        elif self._words.owed and not self._words.speaking:
            latest = max(LATEST, self._client.patience)
            left = self._waiting_since + latest - time.monotonic()
            self._deadline.within(max(0.0, min(self._client.patience, left)))
        else:
            speaking = self._words.speaking and self._client.interims
            self._deadline.within(MUTE if speaking else None)

    async def _listen(self) -> None:
        """For the whole call: again and again from the best provider down."""
        while True:
            self._session = asyncio.ensure_future(self._descend())
            try:
                await asyncio.wait([self._session])
            finally:
                self._session.cancel()
                await asyncio.wait([self._session])
            if self._session.cancelled():
                continue
            if self._rounds == 0:
                why = type(self._session.exception()).__name__
                await self.push_error(
                    f"no speech recogniser answers ({why})", category=ErrorCategory.CONNECTIVITY
                )
            await asyncio.sleep(RETRY[min(self._rounds, len(RETRY) - 1)])
            self._rounds += 1

    async def _descend(self) -> None:
        """Raises Fault("exhausted") when the last provider has failed too."""
        events = relay(
            self._returning.order(),
            self._ask,
            first=CONNECTED,
            deadline=self._deadline,
            report=self._failed,
        )
        async with aclosing(events):
            async for event in events:
                self._taking = True
                try:
                    await self._take(event)
                finally:
                    self._taking = False

    def _ask(self, client: Client) -> AsyncGenerator[Heard | None]:
        """A stream for what is owed now, from its beginning."""
        mouth = Mouth(
            self._ring,
            self._words.connected(self._ring.received),
            call=self._call,
            emit=self._emit,
        )
        at = self._words.resumed()
        if at is not None:
            mouth.started(max(at, mouth.began))
        if self._words.owed and not self._words.speaking:
            mouth.stopped(self._ring.received)
        mouth.advance()
        self._mouth, self._client = mouth, client
        return self._heard(client, mouth)

    async def _heard(self, client: Client, mouth: Mouth) -> AsyncGenerator[Heard | None]:
        async with aclosing(client.listen(mouth)) as heard:
            async for event in heard:
                empty = event is not None and event.answers and not event.text
                if empty and self._wanting() and not self._returning.believed(client):
                    raise Fault("silent", "no words in so much voice", proven=False)
                yield event

    def _wanting(self) -> bool:
        """The last stretch of speech was long enough for words, and none were heard in it."""
        words = self._words
        return words.owed and not words.speaking and words.wordless and words.voiced >= WORDY

    def _failed(self, client: Client, fault: Fault) -> None:
        self._returning.failed(client, fault)
        self._emit(Switched(self._call, "ears", client.name, fault.kind))
        logger.bind(provider=client.name, fault=str(fault)).warning("ears: a provider failed")
        self._mouth = self._client = None
        if fault.kind in ARRIVING or self._words.idle:
            return
        self._attempts += 1
        if self._attempts >= ATTEMPTS:
            self._attempts = 0
            self._words.give_up(self._ring.received)

    async def _take(self, heard: Heard | None) -> None:
        """`None`: connected."""
        mouth, client = self._mouth, self._client
        if heard is None or mouth is None or client is None:
            self._waiting_since = time.monotonic()
            return self._expect()
        owed = self._words.owed
        said = self._words.take(heard, mouth)
        if said is not None:
            self._attempts = self._rounds = 0
            self._returning.words(client)
            await self._say(said)
        if owed and not self._words.owed:
            self._answered(client, said)
        return self._expect()

    def _answered(self, client: Client, said: Said | None) -> None:
        """The end of speech was answered, perhaps with nothing."""
        self._attempts = 0
        if said is not None:
            seconds = time.monotonic() - self._asked_at
            self._emit(Answered(self._call, "ears", client.name, seconds))
        else:
            self._returning.nothing(client)

    async def _say(self, said: Said) -> None:
        code = said.language or self._only
        language = None
        with suppress(ValueError):
            language = Language(code)
        frame: TranscriptionFrame | InterimTranscriptionFrame
        if said.final:
            frame = TranscriptionFrame(
                said.text, "", time_now_iso8601(), language, finalized=said.finalized
            )
            ROUGH.on(frame, (said.reading,) if said.reading is not None else ())
            SPAN.on(frame, said.span)
        else:
            frame = InterimTranscriptionFrame(said.text, "", time_now_iso8601(), language)
        frame.interruptible = False
        CONFIDENCE.on(frame, said.confidence)
        LANGUAGE.on(frame, code)
        await self.push_frame(frame)

    async def _look_up(self) -> None:
        """Back to a better provider as soon as it is well again, between turns."""
        while True:
            await asyncio.sleep(LOOKING)
            calm = self._words.idle and not self._taking
            if calm and self._session is not None and self._returning.wanted(self._client):
                self._session.cancel()
