"""Standard input inside an event loop: a pipe, a file, an end without a newline."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from agent.keyboard import lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # closed by the test


async def test_lines_come_as_they_are_typed(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    async with aclosing(lines(reading)) as typed:
        os.write(writing, "¿qué".encode()[:2])
        waiting = asyncio.ensure_future(anext(typed))
        await asyncio.sleep(0)
        os.write(writing, "¿qué".encode()[2:] + b"\r\nand more\nthe e")
        assert await waiting == "¿qué"
        assert await anext(typed) == "and more"
        os.write(writing, b"nd")
        os.close(writing)
        assert [line async for line in typed] == ["the end"]


async def test_a_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"one\n\ntwo\xff\n")
    with path.open() as file:
        assert [line async for line in lines(file.fileno())] == ["one", "", "two\ufffd"]


async def test_the_wait_ends_where_it_is_cancelled(pipe: tuple[int, int]) -> None:
    waiting = asyncio.ensure_future(anext(lines(pipe[0])))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
