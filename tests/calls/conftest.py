"""Whole calls over real sockets, in real time: played once, at the same time, for all tests."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.calls import engines
from tests.calls.scenes import Played, play_all


@pytest.fixture(scope="session", autouse=True)
def engines_are_loaded_once() -> Iterator[None]:
    with engines.shared():
        yield


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    return asyncio.run(play_all(tmp_path_factory.mktemp("calls")))
