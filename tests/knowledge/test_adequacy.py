"""What a good translation has in common with what was said, and what a bad one has not."""

import pytest

from knowledge import glossary
from knowledge.adequacy import confidence

WORDS = glossary.load()
GOOD = [
    ("¿Cuál es el deducible de mi póliza?", "What is the deductible of my policy?"),
    ("no tengo coche", "I do not have a car"),
    ("tengo dos coches y mil euros", "I have two cars and a thousand euros"),
    ("mi número es [phone number]", "my number is [phone number]"),
    ("¿está cubierto el daño por granizo?", "is damage by hail covered?"),
    ("se averió el coche en la autopista", "the car broke down on the motorway"),
    ("mi hijo se llama Rodrigo", "my son's name is Rodrigo"),
    ("¿dónde encuentro el VIN?", "where do I find the VIN?"),
]
BAD = [
    ("¿Cuál es el deducible de mi póliza?", "What is the deducible of my police?"),
    ("no tengo coche", "I have a car"),
    ("tengo dos coches y mil euros", "I have three cars and a thousand euros"),
    ("mi número es [phone number]", "my number is 5551234567"),
    ("¿está cubierto el granizo?", "is it?"),
    ("¿está cubierto el granizo?", "Sure! Here is the translation: is hail covered?"),
    ("¿está cubierto el granizo?", "I'm sorry, but I can't help with that."),
    ("¿está cubierto el granizo?", "are the tow truck and the flood covered?"),
    ("se averió el coche en la autopista", "se averió el coche en la autopista"),
    ("mi hijo se llama Rodrigo", "my son's name is not Roger"),
    (
        "¿dónde encuentro el VIN?",
        "where can I buy wine and other things of that kind, please?",
    ),
]


@pytest.mark.parametrize(("original", "translated"), GOOD)
def test_a_good_translation_is_believed(original: str, translated: str) -> None:
    assert confidence(original, translated, "es", "en", WORDS) >= 0.9


@pytest.mark.parametrize(("original", "translated"), BAD)
def test_what_is_lost_makes_a_translation_doubtful(original: str, translated: str) -> None:
    assert confidence(original, translated, "es", "en", WORDS) < 0.5


def test_what_an_embedding_sees_makes_it_surer_or_less_sure() -> None:
    text, other = "¿cuánto tarda un pago?", "how old is the bridge?"
    by_form = confidence(text, other, "es", "en", WORDS)
    assert by_form >= 0.5, "nothing in its form is wrong"
    assert confidence(text, other, "es", "en", WORDS, alike=0.1) < 0.2
    assert confidence(text, other, "es", "en", WORDS, alike=0.8) > by_form


def test_days_and_months_are_no_names_and_a_word_that_talks_is_no_talk() -> None:
    for original, translated in (
        ("el lunes a las tres en marzo", "on Monday at three in March"),
        ("¿me lo pueden traducir al español?", "can you translate it into Spanish for me?"),
    ):
        assert confidence(original, translated, "es", "en", WORDS) >= 0.8, original
