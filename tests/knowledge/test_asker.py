"""A switch is told under the call in whose turn it happened, and to nobody else's turn."""

import asyncio
from weakref import ref

from knowledge.asker import asks, tell
from knowledge.events import Event, Switched


class Call:
    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: list[Switched] = []

    def mark(self, switched: Switched) -> None:
        self.marks.append(switched)


async def switching(call: Call, events: list[Event]) -> None:
    asks(call.name, call.mark)
    await asyncio.sleep(0)
    shared = asyncio.create_task(work(call.name, events), name="what all calls share")
    await shared


async def work(provider: str, events: list[Event]) -> None:
    await asyncio.sleep(0)
    tell(Switched("", "knowledge", provider, "late"), events.append)


async def test_a_switch_marks_the_turn_of_the_call_that_asked_also_from_a_task_of_its_own() -> None:
    events: list[Event] = []
    calls = [Call("CA1"), Call("CA2")]
    await asyncio.gather(*(asyncio.create_task(switching(call, events)) for call in calls))
    expected = [Switched(name, "knowledge", name, "late") for name in ("CA1", "CA2")]
    assert events == expected
    assert [call.marks for call in calls] == [[each] for each in expected]


async def test_outside_of_calls_it_is_told_as_it_is() -> None:
    events: list[Event] = []
    await asyncio.create_task(switching(Call("CA1"), []))
    tell(Switched("", "knowledge", "pinecone", "late"), events.append)
    assert events == [Switched("", "knowledge", "pinecone", "late")]


async def test_a_call_that_is_over_is_not_kept_by_what_it_has_left() -> None:
    events: list[Event] = []
    go = asyncio.Event()

    async def begin() -> tuple[asyncio.Task[None], ref[Call]]:
        call = Call("CA1")
        asks(call.name, call.mark)

        async def late() -> None:
            await go.wait()
            tell(Switched("", "translator", "flash", "late"), events.append)

        return asyncio.create_task(late()), ref(call)

    left, call = await asyncio.create_task(begin())
    assert call() is None
    go.set()
    await left
    assert events == [Switched("CA1", "translator", "flash", "late")]
