"""A call that is moved takes all that was said along."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from agent import steering
from agent.acquaintance import Acquaintance
from agent.call import Call, State
from agent.exchanges import Exchanges
from knowledge.callers import Callers
from knowledge.erasure import Erased
from knowledge.memory import LocalMemory

pytestmark = pytest.mark.own_clock


class Late(LocalMemory):
    """Writes a call down when told to."""

    def __init__(self) -> None:
        super().__init__(ttl=60.0)
        self.stored = False

    def written(self, call: str) -> bool:
        del call
        return self.stored


class On:
    """A call in a pause."""

    def __init__(self) -> None:
        self.sid, self.state, self.outcome, self.begun = "CA1", State.TALKING, "", True
        floor = SimpleNamespace(busy=False, in_turn=False, watching=False)
        self.turns = SimpleNamespace(floor=floor)
        self.transfer = SimpleNamespace(under_way=False)
        self.memory = Late()
        callers = Callers(None, ttl=60.0, erased=Erased())
        self.exchanges = Exchanges(Acquaintance(self.memory, callers, "CA1", "", languages=("en",)))

    def end(self, outcome: str) -> None:
        self.outcome = outcome

    def move(self) -> "asyncio.Task[None]":
        return asyncio.create_task(steering.move(cast("Call", self), None, "https://us"))


async def test_the_last_turn_is_written_down_before_the_call_is_moved() -> None:
    on = On()
    on.exchanges.asked("Am I covered?")
    on.exchanges.heard("You are.", "en")
    moving = on.move()
    await asyncio.sleep(1.0)
    assert on.outcome == ""
    on.memory.stored = True
    await moving
    assert on.outcome == "moved"


async def test_what_was_just_answered_is_waited_for_until_it_is_known_as_heard() -> None:
    on = On()
    on.memory.stored = True
    on.exchanges.asked("Am I covered?")
    moving = on.move()
    await asyncio.sleep(1.0)
    assert on.outcome == ""
    on.exchanges.heard("You are.", "en")
    await moving
    assert on.outcome == "moved"


async def test_a_memory_that_is_away_holds_no_call() -> None:
    on = On()
    clock = asyncio.get_running_loop().time
    began = clock()
    await on.move()
    assert on.outcome == "moved"
    assert clock() - began == pytest.approx(steering.SETTLED, abs=0.1)
