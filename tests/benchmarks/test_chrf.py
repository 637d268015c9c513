"""chrF of a translator: as it is defined, and through the wire what is known of the translator."""

import pytest

from agent.settings import load
from benchmarks.input.chrf import chrf, configured, simulated


@pytest.mark.parametrize(
    ("translation", "reference", "figure"),
    [
        ("abc", "abc", 1.0),
        ("a b c", "abc", 1.0),
        ("abc", "xyz", 0.0),
        ("", "abc", 0.0),
        ("abc", "abx", (2 / 3 + 1 / 2 + 0) / 3),
        ("ab", "abab", 5 * 1.0 * (1 / 2 + 1 / 3) / 2 / (4 * 1.0 + (1 / 2 + 1 / 3) / 2)),
    ],
)
def test_it_is_the_f2_of_six_sizes_of_letters(
    translation: str, reference: str, figure: float
) -> None:
    assert chrf([translation], [reference]) == pytest.approx(figure)


async def test_a_translator_is_measured_as_it_is_known_to_be() -> None:
    measured, known = await simulated()
    assert 0.8 < known < 1.0
    assert measured == pytest.approx(known)


async def test_without_a_translator_nothing_is_measured() -> None:
    assert await configured(load({}, None)) == {}
