"""Turns on recorded speech: when they are decided, and how often too early."""

import statistics
from collections.abc import Callable

from benchmarks.turns import measure
from tests import recordings

UTTERANCES = 30 if recordings.HUMAN else 15
"""Fewer where the embedded voices say them: a voice says one like the other."""


def test_turns_are_decided_soon_and_pauses_are_survived(
    figure: Callable[[str], None],
) -> None:
    figures = measure(recordings.folder())
    delays = [delay for one in figures.values() for delay in one.delays]
    heard = [name for one in figures.values() for name in one.heard]
    for language, one in figures.items():
        figure(
            f"{language}: decision p50 {statistics.median(one.delays):.2f} s, "
            f"{len(one.cut)} of {one.pauses} pauses cut, {len(one.heard)} of them audibly"
        )
    assert len(delays) >= UTTERANCES
    assert statistics.median(delays) <= 0.40
    assert sorted(delays)[int(0.95 * len(delays))] <= 1.2
    # voices were cut for their pauses, and the model is not as sure on every processor
    assert len(heard) <= (2 if recordings.HUMAN else 3), heard
