"""Ready audio: what is likely to be said is spoken ahead, so that it sounds at once.

A sentence is asked of its voice once: whoever needs it while it is being made listens in, and from
then on it comes from the archive. One sentence after the other is made in the background, which
gives way to the calls.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress

from loguru import logger

from processors.voice.archive import Archive, Full
from processors.voice.client import Client, Script, Sound
from processors.voice.making import Making, named
from processors.voice.sentences import sentences
from processors.voice.speech import Speech, whole

Texts = Callable[[], Iterable[tuple[str, str]]]
"""What is worth making: text and language, the most wanted first. Called on a thread."""

SETTLE = 10.0
"""Seconds after the start, or a change, before anything is made ahead: first come the calls."""
SHARE = 0.25
"""Of the time, at the most, is spent on making."""
LOOK = 0.25
"""Seconds between two looks at whether the calls leave room."""
REST = (10.0, 30.0, 120.0, 600.0)
"""Seconds without a request after the voice has failed, longer each time."""
TRIES = 3
"""Failures after which a sentence is left out."""
DISK = 0.1
"""Seconds that a call waits for the disk; then it asks the voice."""
OTHERS = 30.0
"""Seconds after which it is looked again whether another process still makes it."""


class Ready:
    """One per process. The first of `clients` is the voice that is made ahead."""

    def __init__(
        self,
        archive: Archive,
        clients: Sequence[Client],
        texts: Texts,
        *,
        calm: Callable[[], bool] = lambda: True,
        share: float = SHARE,
        settle: float = SETTLE,
    ) -> None:
        """`calm`: whether the process has nothing better to do. The others: see above."""
        self._archive = archive
        self._clients = clients
        self._texts = texts
        self._calm = calm
        self._share = share
        self._settle = settle
        self._wanted: Mapping[str, Script] = {}
        self._making: dict[str, Making] = {}
        self._speaking = 0
        """Calls that are being spoken to by a voice, not from the archive."""
        self._news = asyncio.Event()
        self._maker: asyncio.Task[None] | None = None
        self._unwritten = False
        """The disk takes no more: what is made now would be paid for again."""
        self.made = 0
        """Sentences that lie in the archive, of the wanted ones."""

    @property
    def wanted(self) -> int:
        """Sentences that are worth making; 0 until they are known."""
        return len(self._wanted)

    def start(self) -> None:
        self._maker = asyncio.create_task(self._work(), name="ready audio")
        self._maker.add_done_callback(_ended)

    async def close(self) -> None:
        tasks = [making.task for making in self._making.values()]
        if self._maker is not None:
            tasks.append(self._maker)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def changed(self) -> None:
        """The texts are others now."""
        self._news.set()

    async def find(self, client: Client, script: Script) -> Speech | None:
        """What this voice has spoken ahead. A sentence that nobody wanted ahead costs no time."""
        name = named(client, script)
        speech = self._archive.recall(name)
        if speech is not None or name not in self._wanted:
            return speech
        with suppress(TimeoutError):
            async with asyncio.timeout(DISK):
                speech = await asyncio.to_thread(self._archive.load, name)
        if speech is not None:
            self._archive.remember(name, speech)
        return speech

    async def speak(self, client: Client, script: Script) -> AsyncGenerator[Sound]:
        """As `client.speak`; a sentence that is wanted ahead is asked for once, and kept."""
        name = named(client, script)
        self._speaking += 1
        self._give_way(name)
        try:
            if name in self._wanted and not self._unwritten:
                making = self._making.get(name) or self._begin(name, client, script)
                sounds = making.follow()
            else:
                sounds = client.speak(script)
            async with aclosing(sounds):
                async for sound in sounds:
                    yield sound
        finally:
            self._speaking -= 1

    async def warm(self, text: str, language: str) -> bool:
        """The caller may be told this in a moment: has it in memory, or its first sentence made.

        Whether all of it is ready to sound.
        """
        client = self._clients[0]
        for sentence in sentences(text, language):
            script = Script(sentence, language)
            if await self.find(client, script) is None:
                name = named(client, script)
                if name in self._wanted and name not in self._making and not self._unwritten:
                    self._begin(name, client, script)
                return False
        return True

    def _begin(self, name: str, client: Client, script: Script) -> Making:
        making = self._making[name] = Making(client, script, self._forget)
        making.start(lambda sounds: self._keep(name, sounds))
        return making

    def _forget(self, making: Making) -> None:
        """It is over, or is not worth following any more."""
        name = named(making.client, making.script)
        if self._making.get(name) is making:
            del self._making[name]

    def _give_way(self, to: str) -> None:
        """A call is to be spoken to: what is made for nobody, and costs nothing, is given up."""
        for name, making in list(self._making.items()):
            if name != to and not making.followers and not making.client.metered:
                making.give_up()

    async def _keep(self, name: str, sounds: Sequence[Sound]) -> None:
        speech = await asyncio.to_thread(whole, sounds)
        if speech is None:
            return
        self._archive.remember(name, speech)
        try:
            await asyncio.to_thread(self._archive.write, name, speech, self._wanted.__contains__)
        except (Full, OSError) as error:
            self._unwritten = True
            logger.bind(why=type(error).__name__).warning("no more speech is made ahead")
        else:
            self.made += 1

    async def _work(self) -> None:
        """For ever: what is wanted and not there yet; then nothing, until something changes."""
        while True:
            self._news.clear()
            self._unwritten = False
            self._wanted = await asyncio.to_thread(self._scripts)
            await self._pause(self._settle)
            async with self._archive.alone() as alone:
                if alone:
                    await self._make_all()
                    await self._news.wait()
            if not alone:
                await self._pause(OTHERS)

    def _scripts(self) -> dict[str, Script]:
        if not self._clients:
            return {}
        scripts = (
            Script(sentence, language)
            for text, language in self._texts()
            for sentence in sentences(text, language)
        )
        found: dict[str, Script] = {}
        for script in scripts:
            found.setdefault(named(self._clients[0], script), script)
        return found

    async def _make_all(self) -> None:
        lying = await asyncio.to_thread(self._archive.scan)
        missing = deque(name for name in self._wanted if name not in lying)
        self.made = len(self._wanted) - len(missing)
        failed: dict[str, int] = {}
        in_a_row = 0
        while missing and not self._news.is_set() and not self._unwritten:
            if not self._room:
                await self._pause(LOOK)
                continue
            name = missing.popleft()
            if name in self._making or self._archive.recall(name) is not None:
                continue  # a call has asked for it meanwhile
            making = self._begin(name, self._clients[0], self._wanted[name])
            began = time.monotonic()
            await asyncio.wait([making.task])
            if making.fault is None:
                in_a_row = 0
                await self._pause((time.monotonic() - began) * (1 / self._share - 1))
                continue
            failed[name] = failed.get(name, 0) + (not making.given_up)
            if failed[name] < TRIES:
                missing.append(name)
            if making.given_up:
                continue
            logger.bind(voice=making.client.name, fault=making.fault.kind).info("not made ahead")
            if making.fault.permanent:
                return
            await self._pause(max(REST[min(in_a_row, len(REST) - 1)], making.fault.retry_after))
            in_a_row += 1

    @property
    def _room(self) -> bool:
        return self._calm() and not self._speaking and not self._clients[0].breaker.open

    async def _pause(self, seconds: float) -> None:
        """Shorter where something changes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()


def _ended(maker: asyncio.Task[None]) -> None:
    if not maker.cancelled() and (error := maker.exception()) is not None:
        logger.bind(error=type(error).__name__).error("no speech is made ahead any more")
