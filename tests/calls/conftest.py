"""Whole calls over real sockets, in real time."""

from collections.abc import Iterator

import pytest

from tests.calls import engines


@pytest.fixture(scope="session", autouse=True)
def engines_are_loaded_once() -> Iterator[None]:
    with engines.shared():
        yield
