"""What a connection is fed."""

import asyncio

import pytest

from knowledge.chain import Fault
from processors.ears.mouth import BLOCK, CATCH_UP, LONGEST, QUIET, Mouth, Span
from processors.ears.ring import RATE, Ring


def mouth(ring: Ring, began: int = 0) -> Mouth:
    return Mouth(ring, began)


def heard(ring: Ring, mouth: Mouth, samples: int) -> None:
    ring.write(bytes(2 * samples))
    mouth.advance()


@pytest.mark.parametrize(("talking", "size"), [(True, BLOCK), (False, QUIET)])
async def test_audio_comes_in_blocks(talking: bool, size: int) -> None:
    ring = Ring()
    fed = mouth(ring)
    if talking:
        fed.started(0)
    block = asyncio.ensure_future(fed.block())
    for _ in range(2):
        heard(ring, fed, size // 3)
        await asyncio.sleep(0)
        assert not block.done()
    heard(ring, fed, size // 3)
    assert len(await block) == 2 * size


async def test_what_has_come_is_sent_as_soon_as_somebody_speaks() -> None:
    ring = Ring()
    fed = mouth(ring)
    block = asyncio.ensure_future(fed.block())
    heard(ring, fed, QUIET - 1)
    await asyncio.sleep(0)
    assert not block.done()
    fed.started(0)
    assert len(await block) == 2 * (QUIET - 1)


async def test_the_end_of_speech_sends_what_is_left_and_then_asks_to_finalise() -> None:
    ring = Ring()
    fed = mouth(ring)
    heard(ring, fed, BLOCK + 100)
    fed.stopped(ring.received)
    assert [len(await fed.block()) for _ in range(2)] == [2 * (BLOCK + 100), 0]


async def test_a_connection_that_is_behind_catches_up_in_big_pieces() -> None:
    ring = Ring()
    ring.write(bytes(2 * 3 * CATCH_UP))
    fed = mouth(ring, CATCH_UP)
    assert [len(await fed.block()) for _ in range(2)] == [2 * CATCH_UP, 2 * CATCH_UP]
    assert fed.seconds(2 * CATCH_UP) == pytest.approx(CATCH_UP / RATE)
    assert fed.sample(0.25) == CATCH_UP + RATE // 4


async def test_a_provider_that_takes_no_audio_for_half_a_minute_has_stalled() -> None:
    ring = Ring()
    fed = mouth(ring)
    for _ in range(40):
        heard(ring, fed, RATE)
    with pytest.raises(Fault, match="stalled"):
        await fed.block()


async def test_an_utterance_reaches_from_the_beginning_of_speech_to_its_end() -> None:
    ring = Ring()
    fed = mouth(ring)
    heard(ring, fed, RATE)
    fed.started(RATE // 2)
    heard(ring, fed, RATE)
    fed.stopped(ring.received)
    pcm, span = await fed.utterance()
    assert span == Span(RATE // 2, 2 * RATE)
    assert len(pcm) == 2 * (RATE + RATE // 2)


async def test_who_goes_on_talking_is_heard_in_pieces_without_a_gap() -> None:
    ring = Ring()
    fed = mouth(ring)
    fed.started(0)
    spans = []
    for _ in range(2 * LONGEST // RATE + 2):
        heard(ring, fed, RATE)
        if ring.received % (25 * RATE) == 0:
            spans.append((await fed.utterance())[1])
    assert len(spans) == 2
    assert spans[0].stop == spans[1].start
