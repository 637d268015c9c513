"""Who frees what finished calls consisted of: the last reference to it, or the collector."""

import gc
import weakref
from types import TracebackType
from typing import Any, Self

from pipecat.processors.frame_processor import FrameProcessor

from agent.call import Call, Stages
from agent.line.stream import MediaStream


class Frees:
    """While its block runs: `with Frees(stages) as frees:`, and `frees.stages` in their place."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._collecting = False
        self._here: set[weakref.ref[object]] = set()
        self.calls = 0
        self.collected: list[str] = []
        """What only the collector has freed, by kind."""

    @property
    def here(self) -> list[str]:
        """What is still there, by kind."""
        return [type(thing).__name__ for one in self._here if (thing := one()) is not None]

    def stages(self, call: Call) -> list[FrameProcessor]:
        made = self._stages(call)
        self.calls += 1
        streams = [one for one in vars(call).values() if isinstance(one, MediaStream)]
        for thing in (call, *streams, call.turns, call.turns.user().context, *made):
            self._watch(thing)
        return made

    def _watch(self, thing: object) -> None:
        kind = type(thing).__name__

        def freed(one: weakref.ref[object]) -> None:
            self._here.discard(one)
            if self._collecting:
                self.collected.append(kind)

        self._here.add(weakref.ref(thing, freed))

    def _at_work(self, phase: str, _info: dict[str, Any]) -> None:
        self._collecting = phase == "start"

    def __enter__(self) -> Self:
        gc.callbacks.append(self._at_work)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gc.callbacks.remove(self._at_work)
