"""A rough reading gets the trade's words right, and is in time, whole and unsure, or not there."""

import asyncio

import pytest

from knowledge import glossary
from knowledge.events import nowhere
from knowledge.rough import SUREST, Rough, mended
from knowledge.translation import Translations

WORDS = glossary.load()
SAID = "¿mi póliza cubre el granizo?"
HEARD = Rough("My police covers the hail?", 0.97)
READ = "My policy covers the hail?"


def made(*rough: Rough | None) -> list[asyncio.Future[Rough | None]]:
    futures = []
    for one in rough:
        futures.append(asyncio.get_running_loop().create_future())
        futures[-1].set_result(one)
    return futures


def readings() -> Translations:
    return Translations([], WORDS, emit=nowhere)


@pytest.mark.parametrize(
    ("said", "heard", "text"),
    [
        (SAID, HEARD.text, READ),
        ("¿qué es la prima?", "what is the cousin?", "what is the cousin? premium"),
        ("¿qué es la prima?", "", "premium"),
        ("¿qué es?", "what is it?", "what is it?"),
    ],
)
def test_the_words_of_the_trade_are_put_right(said: str, heard: str, text: str) -> None:
    assert mended(heard, said, "es", "en", WORDS) == text


async def test_it_is_marked_and_never_sure_enough_to_decide_alone() -> None:
    found = await readings().roughly(made(HEARD), SAID, "es", "en")
    assert found is not None
    assert (found.text, found.rough) == (READ, True)
    assert 0.5 <= found.confidence <= SUREST < 0.9
    doubted = await readings().roughly(made(Rough(HEARD.text, 0.3)), SAID, "es", "en")
    assert doubted is not None
    assert doubted.confidence < 0.5


async def test_a_turn_in_two_pieces_is_read_as_one_and_half_a_turn_not_at_all() -> None:
    first, second = Rough("My policy", 0.9), Rough("covers the hail?", 0.9)
    found = await readings().roughly(made(first, second), SAID, "es", "en")
    assert found is not None
    assert found.text == READ
    assert await readings().roughly(made(first, None), SAID, "es", "en") is None
    assert await readings().roughly([], SAID, "es", "en") is None
    assert await readings().roughly(made(HEARD), SAID, "es", "fr") is None


async def test_it_is_waited_for_for_a_moment_and_not_at_all_after_it_was_late_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("knowledge.translation.WITHIN", 0.05)
    late: asyncio.Future[Rough | None] = asyncio.get_running_loop().create_future()
    waiting = readings()
    for _ in range(2):
        assert await waiting.roughly([late], SAID, "es", "en") is None
    monkeypatch.setattr("knowledge.translation.WITHIN", 30.0)
    async with asyncio.timeout(10):
        assert await waiting.roughly([late], SAID, "es", "en") is None
    assert not late.cancelled()
    assert await waiting.roughly(made(HEARD), SAID, "es", "en") is not None
    late.cancel()
    assert await waiting.roughly([late], SAID, "es", "en") is None
