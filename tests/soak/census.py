"""The product's own stages, in a worker that says on SIGUSR1 what lives in it.

CENSUS=FILE answerline serve --pipeline tests.soak.census:stages
"""

import asyncio
import ctypes
import gc
import os
import signal
import time
from collections import Counter
from pathlib import Path

import orjson
from pipecat.processors.frame_processor import FrameProcessor

from agent import pipeline
from agent.call import Call

VARIABLE = "CENSUS"
MOST = 40
"""Kinds of objects that are told."""
OLDEST = 2
"""Generation of the collector."""


def stages(call: Call) -> list[FrameProcessor]:
    if not any(isinstance(one, Collections) for one in gc.callbacks):
        gc.callbacks.append(made := Collections())
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, take, made)
    return pipeline.stages(call)


class Collections:
    """Of the oldest generation, since the first call."""

    def __init__(self) -> None:
        self.count = self.freed = 0
        self.longest = 0.0
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        elif info["generation"] == OLDEST:
            self.count += 1
            self.freed += info["collected"]
            self.longest = max(self.longest, time.perf_counter() - self._began)


def take(collections: Collections) -> None:
    """Slow; nobody is on the line then."""
    longest, collections.longest = collections.longest, 0.0
    gc.collect()
    kinds = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    tasks = Counter(_plain(task.get_name()) for task in asyncio.all_tasks())
    found = {
        "tasks": tasks,
        "collections": collections.count,
        "longest": longest,
        "freed": collections.freed,
        "objects": sum(kinds.values()),
        "kinds": dict(kinds.most_common(MOST)),
        "malloc": _malloc(),
    }
    path = Path(os.environ[VARIABLE])
    path.with_suffix(".new").write_bytes(orjson.dumps(found))
    path.with_suffix(".new").rename(path)


class _Info(ctypes.Structure):
    """mallinfo2(3) of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


def _malloc() -> dict[str, int]:
    """Bytes that are in use and that are free, where the C library tells; what it can give back
    to the system it has given back then."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return {}
    library.mallinfo2.restype = _Info
    info = library.mallinfo2()
    library.malloc_trim(0)
    return {"used": info.uordblks + info.hblkhd, "free": info.fordblks}


def _plain(name: str) -> str:
    """Without the number."""
    return name.rstrip("0123456789").rstrip("-#")
