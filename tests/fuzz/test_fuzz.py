"""The short form of `make fuzz`: one service for all of it."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from tests.fuzz import calls, signatures, tokens
from tests.fuzz.calls import DELAY, Phase, Plan, at

SEED = "short"
FORGED = 250


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Phase:
    """1,200 messages, in three calls and at the doors."""
    folder = tmp_path_factory.mktemp("fuzz")
    plan = Plan(SEED, calls=3, messages=1200, seconds=60.0, reproducers=folder / "failed")

    async def run() -> Phase:
        faults: list[str] = []
        async with calls.ground(folder / "house", faults) as house:
            phase = await calls.phase(house, plan, hostile=True)
        phase.faults += faults
        return phase

    return asyncio.run(run())


@pytest.mark.call
@pytest.mark.timeout(150)
def test_garbage_neither_ends_nor_deafens_a_call(
    found: Phase, figure: Callable[[str], None]
) -> None:
    figure(
        f"{found.sent.total()} messages and {found.asked.total()} requests; speech at most "
        f"{at(1.0, found.behind) * 1000:.0f} ms behind, the loop {at(1.0, found.lag) * 1000:.0f} ms"
    )
    assert found.faults == []
    assert found.sent.total() + found.asked.total() >= 1190
    assert found.malformed > found.sent.total() / 3
    assert len(found.answers) >= 6, "each call's questions are answered to the last"


def test_no_message_holds_the_loop(found: Phase) -> None:
    assert found.slowest < DELAY


def test_every_kind_of_request_is_refused_or_answered(found: Phase) -> None:
    assert len(found.asked) == 14
    assert {200, 204, 400, 403, 404, 405} <= set(found.statuses)


def test_no_forged_signature_is_accepted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    kinds = signatures.Forgeries(SEED).accepted(FORGED)
    assert {kind: taken for kind, (_, taken) in kinds.items() if taken} == {}
    assert sum(tried for tried, _ in kinds.values()) == FORGED


async def test_no_forged_or_replayed_token_is_accepted() -> None:
    kinds = await tokens.Forgeries(SEED).accepted(FORGED)
    assert {kind: taken for kind, (_, taken) in kinds.items() if taken} == {}
    assert sum(tried for tried, _ in kinds.values()) == FORGED
