"""What a media stream makes of a peer that says too much, or does not listen."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from agent.line.protocol import Start, Stop
from agent.line.stream import MOST_QUEUED, MediaStream
from knowledge.events import Event, Flooded
from tests.eventually import until

MEDIA = '{"event":"media","media":{"payload":"//8="}}'
STOP = '{"event":"stop","stop":{"callSid":"CA1"}}'


class Peer:
    """A socket: what it says, what it is told, and when it reads."""

    def __init__(self, *said: str) -> None:
        self.scope: MutableMapping[str, Any] = {}
        self.said = list(said)
        self.told: list[str] = []
        self.reads = asyncio.Event()

    async def receive(self) -> Any:
        if not self.said:
            return {"type": "websocket.disconnect"}
        return {"type": "websocket.receive", "text": self.said.pop(0)}

    async def send_text(self, data: str) -> None:
        await self.reads.wait()
        self.told.append(data)

    async def close(self, code: int = 1000) -> None:
        self.told.append(str(code))


def stream(peer: Peer, events: list[Event]) -> MediaStream:
    return MediaStream(peer, Start("CA1", "MZ1", "audio/x-mulaw", 8000, 1), events.append)


async def test_what_comes_too_fast_is_dropped_and_counted_and_the_stream_lives_on() -> None:
    events: list[Event] = []
    peer = Peer(*[MEDIA] * 3000)
    line = stream(peer, events)
    heard = [message async for message in line.messages()]
    assert 500 <= len(heard) < 1500
    assert not line.closed
    sent = 3000
    async with asyncio.timeout(15):
        while not isinstance(heard[-1], Stop):
            await asyncio.sleep(0.005)
            peer.said, sent = [STOP], sent + 1
            heard += [message async for message in line.messages()]
    await line.close()
    flooded = [event.messages for event in events if isinstance(event, Flooded)]
    assert sum(flooded) == sent - len(heard)
    assert len(flooded) <= 3, "once a second, and at the end"


async def test_a_clear_jumps_the_queue_and_empties_it() -> None:
    peer = Peer()
    line = stream(peer, [])
    line.open()
    for number in range(5):
        line.mark(str(number))
    line.clear()
    line.mark("after")
    peer.reads.set()
    await until(lambda: len(peer.told) == 2)
    assert [("clear" in text, "after" in text) for text in peer.told] == [
        (True, False), (False, True),
    ]  # fmt: skip
    await line.close()


async def test_a_peer_that_does_not_read_costs_a_bounded_queue_and_the_newest_is_kept() -> None:
    peer = Peer()
    line = stream(peer, [])
    for number in range(MOST_QUEUED + 20):
        line.mark(f"mark {number}")
    assert line.dropped == 20
    line.open()
    peer.reads.set()
    await until(lambda: len(peer.told) == MOST_QUEUED)
    assert "mark 20" in peer.told[0]
    await line.close()


class Gapped(Peer):
    """Says something now and then, and then nothing more."""

    async def receive(self) -> Any:
        await asyncio.sleep(0.03)
        if not self.said:
            await asyncio.Event().wait()
        return await super().receive()


async def test_a_stream_on_which_nothing_comes_any_more_is_dead_and_not_before() -> None:
    peer = Gapped(*[MEDIA] * 20)
    line = stream(peer, [])
    heard: list[object] = []

    async def read() -> None:
        heard.extend([message async for message in line.messages()])

    reading = asyncio.create_task(read())
    async with asyncio.timeout(15):
        await line.dead(look=0.05)
    assert not peer.said
    assert not line.closed
    reading.cancel()
