"""A sentence on its way from its voice: asked for once, followed by any number of listeners."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress

from knowledge.chain import Breaker, Fault, relay
from processors.voice.client import Client, Script, Sound

LATE = 10.0
"""Seconds without a sound after which no more is hoped for; a caller's own patience is shorter."""
_FORM = "1"
"""Counts the forms that kept speech has had: one of another form is not found any more."""


def named(client: Client, script: Script) -> str:
    """The same for what sounds the same, and nobody can read the text in it."""
    return hashlib.sha256(f"{_FORM}\0{client.recipe(script)}".encode()).hexdigest()[:40]


class Making:
    """It goes on to its end although whoever wanted it has hung up: by then it is paid for."""

    task: asyncio.Task[None]

    def __init__(self, client: Client, script: Script, forget: Callable[["Making"], None]) -> None:
        """`forget`: from now on it is over, or is not worth following any more."""
        self.client = client
        self.script = script
        self.followers = 0
        self.fault: Fault | None = None
        self.given_up = False
        self.name = client.name
        self.breaker = Breaker()
        """Its own: what fails ahead of time takes no voice away from the calls."""
        self._forget = forget
        self._sounds: list[Sound] = []
        self._whole = False
        self._grown = asyncio.Event()

    def start(self, keep: Callable[[Sequence[Sound]], Awaitable[None]]) -> None:
        """`keep` gets all of it, after those who follow."""
        self.task = asyncio.create_task(self._make(keep), name="ready audio: a sentence")

    def give_up(self) -> None:
        self.given_up = True
        self.task.cancel()
        self._over()

    async def follow(self) -> AsyncGenerator[Sound]:
        """From the beginning, as it comes. Raises the voice's Fault."""
        self.followers += 1
        position = 0
        try:
            while True:
                while position < len(self._sounds):
                    position += 1
                    yield self._sounds[position - 1]
                if self.fault is not None:
                    raise self.fault
                if self._whole:
                    return
                await self._grown.wait()
        finally:
            self.followers -= 1
            if not self._sounds and not self.followers and not self.task.done():
                self.give_up()  # nobody was answered: who comes next asks anew

    async def _make(self, keep: Callable[[Sequence[Sound]], Awaitable[None]]) -> None:
        try:
            with suppress(Fault):
                async with aclosing(self._spoken()) as sounds:
                    async for sound in sounds:
                        self._sounds.append(sound)
                        self._wake()
                self._whole = True
                self._wake()
                await keep(self._sounds)
        finally:
            self._over()

    def _spoken(self) -> AsyncGenerator[Sound]:
        def report(_making: "Making", fault: Fault) -> None:
            self.fault = fault

        return relay(
            [self],
            lambda making: making.client.speak(making.script),
            first=LATE,
            gap=lambda: LATE,
            report=report,
        )

    def _over(self) -> None:
        if not self._whole:
            self.fault = self.fault or Fault("cut", "given up")
        self._forget(self)
        self._wake()

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()
