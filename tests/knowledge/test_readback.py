"""A number is read back so that it can be followed with a finger."""

import pytest

from knowledge.readback import spoken
from processors.voice.spelling import Spelling

VALUE = "AB1234567"


@pytest.mark.parametrize(
    ("value", "language", "said"),
    [
        (VALUE, "en", "A, B, one two three, four five six seven"),
        (VALUE, "es", "a, be, uno dos tres, cuatro cinco seis siete"),
        ("12345678", "en", "one two three, four five six, seven eight"),
        ("5551234567", "fr", "five five five, one two three, four five six seven"),
        ("1980-03-03", "en", "March 3, 1980"),
        ("1980-03-03", "es", "3 de marzo de 1980"),
    ],
)
def test_a_number_is_read_in_groups(value: str, language: str, said: str) -> None:
    assert spoken(value, language) == said


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_built_in_voices_change_nothing_of_it(language: str) -> None:
    said = spoken(VALUE, language)
    assert Spelling().spell(said, language) == said
