"""Warnings: soon where something has changed, hardly ever where nothing has."""

from collections.abc import Callable

import numpy as np
import pytest

from knowledge.drift import REFERENCE, detect, inaccurate, low_confidence

Figure = Callable[[str], None]


def events(chance: np.random.Generator, *parts: tuple[int, float]) -> list[bool]:
    """So many observations at each rate, one part after the other."""
    return [bool(each) for count, rate in parts for each in chance.random(count) < rate]


def scores(happened: list[bool]) -> list[float]:
    return [0.2 if low else 0.9 for low in happened]


def test_false_alarms_are_as_rare_as_promised(figure: Figure) -> None:
    """At the limit itself, which is the worst case: 200,000 observations for one alarm in 2,000."""
    chance = np.random.default_rng(3)
    streams = [events(chance, (2000, 0.15)) for _ in range(100)]
    alarms = sum(detect(stream, 0.15, patience=2000) is not None for stream in streams)
    figure(f"{alarms} alarms in {100 * 2000} observations")
    assert alarms <= 100


@pytest.mark.parametrize("usual", [0.02, 0.1, 0.3])
def test_an_unchanged_share_of_low_confidence_is_no_drift(usual: float) -> None:
    chance = np.random.default_rng(4)
    for _ in range(30):
        assert low_confidence(scores(events(chance, (4000, usual))), 0.5) is None


@pytest.mark.parametrize(("usual", "now", "within"), [(0.1, 0.28, 300), (0.05, 0.15, 600)])
def test_more_of_low_confidence_is_told_soon(
    usual: float, now: float, within: int, figure: Figure
) -> None:
    chance, delays = np.random.default_rng(5), []
    changed = 1000
    for _ in range(30):
        stream = events(chance, (REFERENCE + changed, usual), (2500, now))
        alarm = low_confidence(scores(stream), 0.5)
        assert alarm is not None
        assert alarm.at >= changed
        assert alarm.rate > usual
        delays.append(alarm.at - changed + 1)
    figure(f"{usual} to {now}: after {np.median(delays):.0f} decisions")
    assert np.median(delays) <= within


@pytest.mark.parametrize(("accuracy", "within"), [(0.75, 300), (0.60, 100)])
def test_an_accuracy_below_85_percent_is_told_soon(accuracy: float, within: int) -> None:
    chance, delays = np.random.default_rng(6), []
    for _ in range(30):
        alarm = inaccurate([not wrong for wrong in events(chance, (2000, 1 - accuracy))])
        assert alarm is not None
        delays.append(alarm.at + 1)
    assert np.median(delays) <= within


def test_an_accuracy_of_90_percent_is_not_told() -> None:
    chance = np.random.default_rng(7)
    for _ in range(30):
        assert inaccurate([not wrong for wrong in events(chance, (2000, 0.10))]) is None


def test_better_than_usual_is_no_drift() -> None:
    chance = np.random.default_rng(8)
    assert low_confidence(scores(events(chance, (2000, 0.3), (2000, 0.05))), 0.5) is None


def test_without_something_to_compare_with_nothing_is_told() -> None:
    assert low_confidence([0.1] * REFERENCE, 0.5) is None
    assert low_confidence([0.1] * (REFERENCE + 500), 0.5) is None, "it has always been so"
    assert inaccurate([]) is None
    assert detect([True] * 100, 0.0) is None
