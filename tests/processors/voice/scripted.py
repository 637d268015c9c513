"""A voice that does as it is told."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from knowledge.chain import Breaker, Fault
from processors.voice.client import SECOND, Script, Sound

LOUD = b"\x00\x10"
"""A sample."""


@dataclass(eq=False)
class Scripted:
    """Speaks what it is asked for at 14 characters a second; says in `script` how it fails."""

    name: str = "scripted"
    patience = 30.0
    metered = True
    script: Sequence[float | Fault | None] = ()
    """Seconds of audio; a Fault is raised, None waits for ever. Empty: speaks everything."""
    breaker: Breaker = field(default_factory=Breaker)
    asked: list[Script] = field(default_factory=list)
    closed: int = 0

    def recipe(self, script: Script) -> str:
        return f"{self.name} {script.language} {script.pace} {script.text}"

    async def speak(self, script: Script) -> AsyncGenerator[Sound]:
        self.asked.append(script)
        try:
            for step in self.script or [len(script.text) / 14]:
                if step is None:
                    await asyncio.Event().wait()
                elif isinstance(step, Fault):
                    raise step
                else:
                    yield Sound(LOUD * (int(step * SECOND) // 2))
        finally:
            self.closed += 1
