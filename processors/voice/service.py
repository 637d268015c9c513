"""Voice: to the pipeline one speech service, below it any number of voices in order."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameCallback, FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.utils.context.word_timestamp_tracker import WordTimestamp
from pipecat.utils.text.base_text_aggregator import TextType

from knowledge.chain import Fault
from knowledge.events import Emit
from processors.frames import (
    FILLER,
    LANGUAGE,
    PACE,
    PROTECTED,
    REMEMBERED,
    ROUTE,
    TURN,
    Key,
    UnspokenFrame,
)
from processors.voice.client import RATE, SECOND, Client, Script, Sound, Word
from processors.voice.ready import Ready
from processors.voice.sentences import sentences
from processors.voice.unless import unless
from processors.voice.utterance import Utterance
from processors.voice.voices import FIRST, Turn, Voices

AT = Key[float]("at", -1.0)
"""On a word's text frame: seconds from the first sample of its audio context to its beginning."""

BLOCK = SECOND * 60 // 1000
"""Bytes: audio after the first block waits for this much, each frame costs the same."""

_KEPT = frozenset(key.name for key in (LANGUAGE, PACE, PROTECTED, REMEMBERED, ROUTE, TURN))
_SPOKEN = (TTSStartedFrame, TTSAudioRawFrame, TTSTextFrame, TTSStoppedFrame)


@dataclass
class _Blocks:
    """Audio and words on their way out, in blocks worth a frame."""

    context_id: str
    segment: int | None
    begun: float
    """Seconds of the context before this sentence."""
    pcm: bytearray = field(default_factory=bytearray)
    words: list[Word] = field(default_factory=list)
    first: bool = True

    def add(self, sound: Sound, words: list[Word]) -> Iterator[Frame]:
        self.pcm += sound.pcm
        self.words += words
        if self.pcm and (self.first or len(self.pcm) >= BLOCK):
            self.first = False
            yield from self.flush()

    def flush(self) -> Iterator[Frame]:
        """The audio, then the words that begin in it."""
        if self.pcm:
            yield TTSAudioRawFrame(bytes(self.pcm), RATE, 1, context_id=self.context_id)
            self.pcm.clear()
        for word in self.words:
            frame = TTSTextFrame(word.text, TextType.WORD, segment_id=self.segment)
            frame.context_id = self.context_id
            frame.will_be_spoken = True
            yield AT.on(frame, self.begun + word.at)
        self.words.clear()


class Voice(TTSService):
    """Speaks `LLMTextFrame`s, which are whole sentences; nothing unspoken is told as spoken.

    When every voice has failed, an error frame goes up, and the rest of the turn goes on as text.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        *,
        call: str,
        emit: Emit,
        language: str = "en",
        first: float = FIRST,
        ready: Ready | None = None,
    ) -> None:
        """`language`: of a text that does not say its own. `first`: see `FIRST`. `ready`: speech
        that was made ahead."""
        super().__init__(
            push_text_frames=True,
            push_start_frame=True,
            push_stop_frames=True,
            max_consecutive_zero_audio_contexts=0,
            sample_rate=RATE,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._voices = Voices(list(clients), call=call, emit=emit, first=first, ready=ready)
        self._call = call
        self._default = language
        self._contexts: dict[str, Turn] = {}
        self._turn = ""
        self._refused = ""
        self._kept: dict[str, Any] = {}
        self._segment: int | None = None
        self._utterance = Utterance("")
        self._answer = asyncio.Event()
        """A text that is no filler has come: fillers without a sound yet are left out."""
        self._unspoken: list[str] = []
        """Of the turn that nobody could speak to its end."""
        self._last = 0

    def can_generate_metrics(self) -> bool:
        return True

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        if PROTECTED.of(frame):
            frame.interruptible = False
        if isinstance(frame, LLMTextFrame | InterruptionFrame) and ROUTE.of(frame) != FILLER:
            self._answer.set()
        await super().queue_frame(frame, direction, callback)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, LLMTextFrame) and ROUTE.of(frame) != FILLER:
            self._answer.clear()
        if isinstance(frame, LLMTextFrame) and not frame.skip_tts:
            for sentence in sentences(frame.text, LANGUAGE.of(frame) or self._default):
                if self._turn and self._turn == self._refused:
                    self._unspoken.append(sentence)
                    continue
                piece = AggregatedTextFrame(sentence, TextType.SENTENCE, raw_text=sentence)
                piece.interruptible = frame.interruptible
                self._keep(frame, piece)
                await super().process_frame(piece, direction)
            return
        if isinstance(frame, TTSSpeakFrame):
            self._keep(frame, None)
        elif isinstance(frame, InterruptionFrame):
            self._last = 0
            self._answer.clear()
            self._unspoken.clear()
        elif isinstance(frame, LLMFullResponseEndFrame) and self._unspoken:
            rest = UnspokenFrame(" ".join(self._unspoken), LANGUAGE.of(frame) or self._default)
            self._unspoken.clear()
            await super().process_frame(rest, direction)
        await super().process_frame(frame, direction)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        context = self._contexts.setdefault(context_id, Turn())
        utterance = self._utterance = Utterance(text)
        blocks = _Blocks(context_id, self._segment, context.seconds)
        counted = False
        try:
            said = self._voices.say(utterance, context, self._script)
            if self._filling:
                said = unless(self._answer, said)
            async with aclosing(said) as sounds:
                async for sound, words in sounds:
                    if utterance.asked and not counted:
                        counted = True
                        await self.start_tts_usage_metrics(text)
                    for frame in blocks.add(sound, words):
                        yield frame
        except Fault:
            for frame in blocks.flush():
                yield frame
            await self._give_up(context_id)
        else:
            if self._filling and not context.seconds:
                await self._leave_out(context_id)
                return
            blocks.words += utterance.complete()
            for frame in blocks.flush():
                yield frame

    async def tts_process_generator(
        self, context_id: str, generator: AsyncGenerator[Frame | None, None]
    ) -> None:
        async with aclosing(generator):  # the base class leaves it to the garbage collector
            await super().tts_process_generator(context_id, generator)

    async def append_to_audio_context(
        self, context_id: str | None, frame: Frame | WordTimestamp | None
    ) -> None:
        if isinstance(frame, TTSTextFrame) and AT.of(frame) < 0 and self._utterance.told:
            return  # the base class repeats as a sentence what went out word by word, or never did
        if isinstance(frame, _SPOKEN):
            frame.metadata.update(self._kept)
        await super().append_to_audio_context(context_id, frame)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, TTSAudioRawFrame | TTSTextFrame | TTSStartedFrame):
            self._time(frame)
            if not isinstance(frame, TTSAudioRawFrame) and not REMEMBERED.of(frame):
                frame.append_to_context = False
        await super().push_frame(frame, direction)

    async def on_turn_context_created(self, context_id: str) -> None:
        self._turn = context_id
        await super().on_turn_context_created(context_id)

    async def on_audio_context_completed(self, context_id: str) -> None:
        self._contexts.pop(context_id, None)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        self._contexts.pop(context_id, None)

    def _keep(self, frame: Frame, piece: AggregatedTextFrame | None) -> None:
        """From now on, what leaves carries this frame's metadata."""
        self._kept = {name: frame.metadata[name] for name in _KEPT & frame.metadata.keys()}
        self._segment = None
        if piece is not None:
            piece.metadata.update(self._kept)
            self._segment = piece.id

    def _time(self, frame: TTSAudioRawFrame | TTSTextFrame | TTSStartedFrame) -> None:
        """A context's clock starts with its first sample; its words are stamped by it."""
        context = self._contexts.get(frame.context_id or "")
        if context is None:
            return
        if isinstance(frame, TTSAudioRawFrame) and context.base is None:
            context.base = max(self._last, self.get_clock().get_time())
        if isinstance(frame, TTSTextFrame) and AT.of(frame) >= 0 and context.base is not None:
            self._last = frame.pts = context.base + int(AT.of(frame) * 1e9)

    def _script(self, text: str) -> Script:
        language = self._kept.get(LANGUAGE.name) or self._default
        return Script(text, language, self._kept.get(PACE.name, PACE.default), self._call)

    @property
    def _filling(self) -> bool:
        return self._kept.get(ROUTE.name) == FILLER

    async def _leave_out(self, context_id: str) -> None:
        self._utterance.told = True
        await self.remove_audio_context(context_id)

    async def _give_up(self, context_id: str) -> None:
        self._refused = self._turn
        if self._utterance.rest and not self._filling:
            self._unspoken.append(self._utterance.rest)
        await self.push_error("voice: no provider could speak")
        await self._leave_out(context_id)
