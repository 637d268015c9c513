"""What a pipeline that has ended lets go of, and what it does not."""

import asyncio
import gc
import weakref
from dataclasses import dataclass, field
from typing import Any

import pytest
from pipecat.processors.frame_processor import FrameProcessor, FrameProcessorSetup
from pipecat.utils.base_object import BaseObject

from agent import parting
from agent.running import Running
from tests.eventually import until


class Thing(BaseObject):
    """What a part holds: its own, or one that calls share."""

    def __init__(self) -> None:
        super().__init__()
        self.friends: list[object] = []


class Part(FrameProcessor):
    def __init__(self, shared: Thing) -> None:
        super().__init__()
        self.shared = shared
        self.own = Thing()
        self.own.friends.append(self.own)
        self.words = ["hello"]
        self.back = self.count
        self.counted = 7
        self.ready = asyncio.Event()

    def count(self) -> int:
        return self.counted

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        await super().setup(setup)
        await self.own.setup(self.task_manager)
        self.ready.set()


async def ended(*parts: Part) -> Running:
    running = await Running.start("CA1", list(parts), [])
    await asyncio.gather(*(part.ready.wait() for part in parts))
    await running.stop("hung_up")
    return running


async def test_parts_forget_each_other_and_keep_their_names_and_numbers() -> None:
    shared = Thing()
    first, second = Part(shared), Part(shared)
    own, name, running = first.own, first.name, await ended(first, second)
    assert (first.next, first.words) == (second, ["hello"])
    await parting.part(running.worker)
    assert first.next is None
    assert second.previous is None
    assert {vars(first)[held] for held in ("shared", "own", "words", "back", "ready")} == {None}
    assert (first.name, first.counted) == (name, 7)
    assert own.friends is None, "what belongs to a part belongs to the call"
    assert shared.friends == [], "what calls share does not"


async def test_nothing_of_them_waits_for_the_collector() -> None:
    running = await ended(*(parts := [Part(Thing()) for _ in range(3)]))
    left = [weakref.ref(part) for part in parts]
    gc.disable()
    try:
        await parting.part(running.worker)
        del running
        parts.clear()
        await until(lambda: not any(one() for one in left))
    finally:
        gc.enable()


async def test_what_still_has_work_to_do_keeps_what_it_needs_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parting, "PATIENCE", 0.01)
    end = asyncio.Event()

    class Stubborn(Part):
        async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
            await super().setup(setup)
            self.work = self.create_task(end.wait())

    part = Stubborn(Thing())
    running = await ended(part)
    await parting.part(running.worker)
    assert part.words == ["hello"]
    end.set()
    await part.work
    await parting.part(running.worker)
    assert part.words is None


@dataclass(eq=False)
class Companion:
    owner: "Owner"
    work: Any = None
    notes: list[str] = field(default_factory=lambda: ["kept"])


class Owner:
    def __init__(self, stranger: Companion | None) -> None:
        self.companion = Companion(self)
        self.stranger = stranger
        self.work: asyncio.Task[None] | None = None


async def test_companions_let_go_of_their_owner_and_both_of_their_ended_tasks() -> None:
    async def work() -> None:
        await asyncio.sleep(60)

    going_on = asyncio.create_task(work())
    stranger = Companion(Owner(None), going_on)
    owner = Owner(stranger)
    owner.work = owner.companion.work = asyncio.create_task(work())
    await asyncio.sleep(0)
    owner.work.cancel()
    await parting.take_apart(owner, [owner.work], None)
    assert owner.work is None
    assert owner.companion.work is None
    assert vars(owner.companion)["owner"] is None
    assert owner.companion.notes == ["kept"]
    assert owner.stranger is stranger
    assert stranger.owner is not None, "somebody else's"
    assert stranger.work is going_on
    going_on.cancel()
