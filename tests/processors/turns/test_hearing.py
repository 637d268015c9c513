"""Turns on recorded human speech: when they are decided, and how often too early."""

import os
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.turns import measure

AUDIO = Path(os.environ.get("ANSWERLINE_AUDIO", Path(__file__).parents[4] / "shared" / "audio"))


@pytest.mark.skipif(not AUDIO.is_dir(), reason=f"no recorded speech at {AUDIO}: ANSWERLINE_AUDIO")
def test_turns_are_decided_soon_and_pauses_are_survived(
    figure: Callable[[str], None],
) -> None:
    figures = measure(AUDIO)
    delays = [delay for one in figures.values() for delay in one.delays]
    heard = [name for one in figures.values() for name in one.heard]
    for language, one in figures.items():
        figure(
            f"{language}: decision p50 {statistics.median(one.delays):.2f} s, "
            f"{len(one.cut)} of {one.pauses} pauses cut, {len(one.heard)} of them audibly"
        )
    assert len(delays) >= 30
    assert statistics.median(delays) <= 0.40
    assert sorted(delays)[int(0.95 * len(delays))] <= 1.2
    assert len(heard) <= 2, heard
