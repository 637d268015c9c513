"""What a finished call consisted of lets go of each other, so that counting references frees it.

A pipeline is linked both ways, and its stages hold what they call back. Left like that, it stays
until the garbage collector has looked through all that other calls are using.
"""

import asyncio
import gc
from collections.abc import Collection
from typing import Any

from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.utils.base_object import BaseObject

from agent.running import Running

PATIENCE = 5.0
"""Seconds for tasks that were told to end; what they still hold is left to the collector."""


async def take_apart(
    owner: object, tasks: Collection[asyncio.Task[Any]], running: Running | None
) -> None:
    """The last thing that happens to a call, the `owner`: its tasks were told to end, and what was
    running has ended."""
    if await _ended(tasks):
        unhand(owner)
    if running is not None and running.task.done():
        await part(running.worker)


async def part(worker: PipelineWorker) -> None:
    """Of a pipeline that has ended: each part of it keeps its name and its numbers, nothing else.

    Only what was set up with this pipeline's own task manager is a part; whatever calls share was
    not, nor are observers, which may hear of the call later.
    """
    manager = worker._task_manager
    if manager is None or not await _ended(manager.current_tasks()):
        return
    parts: set[BaseObject] = {worker}
    waiting: list[BaseObject] = [worker]
    while waiting:
        for one in _held(waiting.pop()):
            if one not in parts and one._task_manager is manager:
                parts.add(one)
                waiting.append(one)
    for one in parts:
        _forget(vars(one), [name for name, value in vars(one).items() if gc.is_tracked(value)])


def unhand(owner: object) -> None:
    """Whatever the owner holds that holds the owner in turn forgets it, and both forget the tasks
    that have ended: one that was cancelled holds the frames in which it was."""
    for one in (owner, *vars(owner).values()):
        held: dict[str, Any] = getattr(one, "__dict__", {})
        if one is owner or any(value is owner for value in held.values()):
            _forget(held, [name for name, value in held.items() if value is owner or _over(value)])


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> bool:
    """Whether all of them are over in time."""
    if not tasks:
        return True
    _, left = await asyncio.wait(tasks, timeout=PATIENCE)
    return not left


def _held(one: BaseObject) -> list[BaseObject]:
    held = [value for value in vars(one).values() if isinstance(value, BaseObject)]
    return [*held, *one.processors] if isinstance(one, FrameProcessor) else held


def _over(value: object) -> bool:
    return isinstance(value, asyncio.Future) and value.done()


def _forget(held: dict[str, Any], names: Collection[str]) -> None:
    held.update(dict.fromkeys(names))
