"""The product's own stages, in a worker that says on SIGUSR1 what lives in it.

CENSUS=FILE answerline serve --pipeline tests.soak.census:stages
"""

import asyncio
import gc
import os
import signal
from collections import Counter
from pathlib import Path

import orjson
from pipecat.processors.frame_processor import FrameProcessor

from agent import pipeline
from agent.call import Call

VARIABLE = "CENSUS"
MOST = 40
"""Kinds of objects that are told."""


def stages(call: Call) -> list[FrameProcessor]:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, take)
    return pipeline.stages(call)


def take() -> None:
    """Slow; nobody is on the line then."""
    gc.collect()
    kinds = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    tasks = Counter(_plain(task.get_name()) for task in asyncio.all_tasks())
    found = {"tasks": tasks, "objects": sum(kinds.values()), "kinds": dict(kinds.most_common(MOST))}
    path = Path(os.environ[VARIABLE])
    path.with_suffix(".new").write_bytes(orjson.dumps(found))
    path.with_suffix(".new").rename(path)


def _plain(name: str) -> str:
    """Without the number."""
    return name.rstrip("0123456789").rstrip("-#")
