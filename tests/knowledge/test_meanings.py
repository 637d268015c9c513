"""A translation that says something else is doubted, though nothing in its form is wrong."""

import pytest

from knowledge.embedding.local import LocalEmbedding
from knowledge.events import nowhere
from knowledge.glossary import Glossary
from knowledge.meanings import Meanings
from knowledge.translation import Translations
from tests.processors.test_translate import Reader

PAIRS = [
    ("¿cuánto tarda un pago?", "how long does a payment take?"),
    ("quiero añadir a mi hija al contrato", "I want to add my daughter to the contract"),
    ("se inundó el sótano anoche", "the basement was flooded last night"),
    ("¿dónde encuentro mi número de póliza?", "where do I find my policy number?"),
]


@pytest.fixture
def meanings(embedding: LocalEmbedding) -> Meanings:
    return Meanings(embedding)


async def test_translations_mean_the_same_and_others_do_not(meanings: Meanings) -> None:
    for number, (spanish, english) in enumerate(PAIRS):
        assert (await meanings.alike(spanish, english) or 0.0) > 0.5, spanish
        other = PAIRS[number - 1][1]
        assert (await meanings.alike(spanish, other) or 0.0) < 0.3, (spanish, other)


async def test_rubbish_of_a_translator_is_not_believed(meanings: Meanings) -> None:
    (spanish, english), rubbish = PAIRS[0], "the basement was flooded last night"
    sure = []
    for text in (english, rubbish):
        readers = [Reader({spanish: text})]
        translations = Translations(readers, Glossary(), alike=meanings.alike, emit=nowhere)
        found = await translations.whole(spanish, "es", "en")
        assert found is not None
        sure.append(found.confidence)
        await translations.close()
    good, bad = sure
    assert good >= 0.9
    assert bad < 0.5
