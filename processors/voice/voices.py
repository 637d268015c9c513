"""Who speaks a sentence: whoever has spoken it ahead, else the voices in order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from knowledge.chain import Fault, relay
from knowledge.events import Answered, Emit, Switched
from processors.voice.client import SECOND, Client, Script, Sound, Word
from processors.voice.ready import Ready
from processors.voice.speech import Speech
from processors.voice.utterance import Utterance

FIRST = 0.5
"""Seconds a voice has for its first sound."""
QUIET = 0.4
"""Seconds a voice may pause even where nothing is left to be played."""
RESCUE = 0.5
"""Seconds of audio that must be left when the next voice is asked, so that no gap is heard."""
READY = "ready"
"""Whom an event names where the sentence was spoken ahead."""


@dataclass
class Turn:
    """The sentences of one turn, which are one audio context of the pipeline."""

    seconds: float = 0.0
    """Audio made in it."""
    dry: float = 0.0
    """When that will have been played, on the loop's clock."""
    base: int | None = None
    """Nanoseconds of the pipeline's clock at its first sample."""
    patience: float = QUIET
    """Of the voice that is speaking."""
    answered: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    """Voices that are not asked again in this turn: one that comes and goes is worse than none."""


Named = tuple[str, Sound]
"""A sound, and who speaks."""


class Voices:
    """Of one call."""

    def __init__(
        self,
        clients: Sequence[Client],
        *,
        call: str,
        emit: Emit,
        first: float = FIRST,
        ready: Ready | None = None,
    ) -> None:
        self._clients = clients
        self._call = call
        self._emit = emit
        self._first = first
        self._ready = ready

    async def say(
        self, utterance: Utterance, turn: Turn, script: Callable[[str], Script]
    ) -> AsyncGenerator[tuple[Sound, list[Word]]]:
        """Each piece of the sentence with its words. Raises Fault when nobody can speak.

        `script` for a text, in the turn's language and pace.
        """
        loop = asyncio.get_running_loop()
        asked = loop.time()
        left: list[Word] = []
        try:
            async with aclosing(self._spoken(utterance, turn, script, left)) as sounds:
                async for name, sound in sounds:
                    if sound.pcm and name not in turn.answered:
                        turn.answered.add(name)
                        self._emit(Answered(self._call, "voice", name, loop.time() - asked))
                    seconds = len(sound.pcm) / SECOND
                    turn.seconds += seconds
                    turn.dry = max(turn.dry, loop.time()) + seconds
                    told = left.copy()
                    left.clear()
                    yield sound, told + utterance.take(sound)
        except Fault:
            if left:
                yield Sound(b""), left
            raise

    async def _spoken(
        self, utterance: Utterance, turn: Turn, script: Callable[[str], Script], left: list[Word]
    ) -> AsyncGenerator[Named]:
        """`left` takes the words that a voice had said when it failed."""
        clients = [one for one in self._clients if one.name not in turn.failed] or self._clients
        speech = await self._made_ahead(utterance, script, clients[:1])
        if speech is None:
            try:
                async with aclosing(self._live(clients, utterance, turn, script, left)) as sounds:
                    async for named in sounds:
                        yield named
            except Fault:  # rather another voice of ours than none
                speech = await self._made_ahead(utterance, script, self._clients)
                if speech is None:
                    raise
        if speech is not None:
            for sound in speech.sounds():
                yield READY, sound

    def _live(
        self,
        clients: Sequence[Client],
        utterance: Utterance,
        turn: Turn,
        script: Callable[[str], Script],
        left: list[Word],
    ) -> AsyncGenerator[Named]:
        async def ask(client: Client) -> AsyncGenerator[Named]:
            utterance.begin()
            utterance.asked = True
            turn.patience = client.patience
            wanted = script(utterance.rest)
            speak = self._ready.speak(client, wanted) if self._ready else client.speak(wanted)
            async with aclosing(speak) as sounds:
                async for sound in sounds:
                    yield client.name, sound

        def report(client: Client, fault: Fault) -> None:
            left.extend(utterance.broke())
            turn.failed.add(client.name)
            self._emit(Switched(self._call, "voice", client.name, fault.kind))

        def gap() -> float:
            if not utterance.sounding:
                return turn.patience
            return max(QUIET, turn.dry - asyncio.get_running_loop().time() - RESCUE)

        return relay(clients, ask, first=self._first, gap=gap, report=report)

    async def _made_ahead(
        self, utterance: Utterance, script: Callable[[str], Script], clients: Sequence[Client]
    ) -> Speech | None:
        if self._ready is None:
            return None
        utterance.begin()
        wanted = script(utterance.rest)
        for client in clients:
            if speech := await self._ready.find(client, wanted):
                return speech
        return None
