"""The embedded voice: no key, no network; one worker thread for all calls of a process."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, Protocol

from loguru import logger

from knowledge.chain import Breaker, Fault
from knowledge.events import Emit, Waited, nowhere
from processors.voice.client import Script, Sound
from processors.voice.hibari import Hibari
from processors.voice.pico import Pico
from processors.voice.spelling import Spelling

MOST = 64
"""Sentences that may wait for the worker; one more is refused, so that the next voice is asked."""

SOUND = "1"
"""Counts changes of engines, weights and level, after which the same text sounds different."""

Speaker = Literal["agent", "caller"]


class Engine(Protocol):
    """A synthesiser that works on the thread it is called on."""

    def speak(self, text: str, pace: float = 1.0) -> Iterator[bytes]:
        """8 kHz PCM, in pieces of at most about 60 ms of work."""
        ...


MADE: Mapping[str, Callable[[], Engine]] = {
    "en": Hibari,
    "es": lambda: Pico("es-ES"),
    "de": lambda: Pico("de-DE"),
    "fr": lambda: Pico("fr-FR"),
    "it": lambda: Pico("it-IT"),
}
"""The languages that have an embedded voice; the others are read by the first of these."""
CALLERS: Mapping[str, Callable[[], Engine]] = {
    "en": lambda: Pico("en-GB"),
    "es": lambda: Pico("es-ES", pitch=0.78),
}
"""A second voice, which nobody takes for the agent's: the caller of the demonstration."""


@dataclass
class _Job:
    """One sentence between the loop and the worker."""

    loop: asyncio.AbstractEventLoop
    asked: float
    """Seconds of `time.monotonic`."""
    blocks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    """As long as its sentence: at most a few breaths. None is the end."""
    waited: float = 0.0
    dropped: bool = False

    def post(self, block: bytes | None) -> None:
        self.loop.call_soon_threadsafe(self.blocks.put_nowait, block)


class Local:
    """One per process. Building it loads the engines, about a second: do it before the calls."""

    name = "local"
    patience = 2.0
    """There is nobody behind it whom an impatient caller could be handed to."""
    metered = False

    def __init__(
        self,
        languages: Sequence[str],
        *,
        breaker: Breaker | None = None,
        spelling: Spelling | None = None,
        emit: Emit = nowhere,
        engines: Mapping[str, Engine] | None = None,
        most: int = MOST,
    ) -> None:
        """`engines` by language, in place of those that are made from `languages`.

        Raises `weights.Unusable` where a voice that is needed cannot be loaded.
        """
        self.breaker = breaker or Breaker()
        self._spelling = spelling or Spelling()
        self._emit = emit
        self._room = threading.BoundedSemaphore(most)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="voice")
        self._callers: dict[str, Engine] = {}
        self._engines = dict(engines or _made(languages))
        self._default = next(iter(self._engines))
        for code in languages:
            if code not in self._engines:
                logger.warning(
                    "no embedded voice for this language, the default one reads it",
                    language=code,
                    default=self._default,
                )

    def recipe(self, script: Script) -> str:
        """Its text as it is said: another pronunciation makes another sound of this text alone."""
        code = script.language if script.language in self._engines else self._default
        engine = type(self._engines[code]).__name__
        said = self._spelling.spell(script.text, code)
        return f"{self.name}\0{SOUND}\0{engine}\0{code}\0{script.pace}\0{said}"

    async def speak(self, script: Script) -> AsyncGenerator[Sound]:
        code = script.language if script.language in self._engines else self._default
        text = self._spelling.spell(script.text, code)
        async with aclosing(self._spoken(self._engines[code], text, script)) as blocks:
            async for pcm in blocks:
                yield Sound(pcm)

    async def synthesize(
        self, text: str, language: str, *, pace: float = 1.0, speaker: Speaker = "agent"
    ) -> bytes:
        """The whole text as 8 kHz PCM, off the event loop."""
        code = language if language in self._engines else self._default
        engine = self._engines[code]
        if speaker == "caller" and code in CALLERS:
            if code not in self._callers:
                self._callers[code] = await asyncio.get_running_loop().run_in_executor(
                    self._worker, CALLERS[code]
                )
            engine = self._callers[code]
        spelt = self._spelling.spell(text, code)
        async with aclosing(self._spoken(engine, spelt, Script(text, code, pace))) as blocks:
            return b"".join([block async for block in blocks])

    def close(self) -> None:
        """Does not wait for the sentence at work."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _spoken(self, engine: Engine, text: str, script: Script) -> AsyncGenerator[bytes]:
        """b"" at once, when the worker has taken the job, then its blocks."""
        if not self._room.acquire(blocking=False):
            raise Fault("limited", "the embedded voice has too much to say")
        job = _Job(asyncio.get_running_loop(), time.monotonic())
        work = self._worker.submit(_work, job, engine, text, script.pace)
        work.add_done_callback(lambda _work: self._room.release())
        audible = False
        try:
            yield b""
            while (block := await job.blocks.get()) is not None:
                if not audible:
                    audible = True
                    self._emit(Waited(script.call, "voice", job.waited))
                yield block
            await asyncio.wrap_future(work)  # raises what the engine raised
        finally:
            job.dropped = True
            work.cancel()
        if not audible:
            raise Fault("empty", "the embedded voice made no sound of it")


def _made(languages: Sequence[str]) -> dict[str, Engine]:
    codes = [code for code in languages if code in MADE] or ["en"]
    return {code: MADE[code]() for code in codes}


def _work(job: _Job, engine: Engine, text: str, pace: float) -> None:
    """On the worker; a dropped job ends at the next breath."""
    job.waited = time.monotonic() - job.asked
    try:
        if job.dropped:
            return
        for block in engine.speak(text, pace):
            if job.dropped:
                return
            job.post(block)
    finally:
        job.post(None)
