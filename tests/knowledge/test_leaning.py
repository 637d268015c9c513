from collections.abc import Callable

import pytest

from knowledge.leaning import leans
from knowledge.words import lexicon
from tests.knowledge.leaning import LEANING, STANDING


@pytest.mark.parametrize("language", ["en", "es"])
def test_leaning_turns_are_told_from_those_that_stand_alone(
    language: str, figure: Callable[[str], None]
) -> None:
    words = lexicon(language)
    missed = [text for text in LEANING[language] if not leans(words.tokens(text), words)]
    wrong = [text for text in STANDING[language] if leans(words.tokens(text), words)]
    found = len(LEANING[language]) - len(missed)
    recall, precision = found / len(LEANING[language]), found / (found + len(wrong))
    figure(f"recall {recall:.2f}, precision {precision:.2f}; missed {missed}, wrong {wrong}")
    assert recall >= 0.9
    assert precision >= 0.95


@pytest.mark.parametrize(
    ("language", "text", "leaning"),
    [
        ("en", "what documents do I need for that", True),
        ("en", "does that affect my premium", True),
        ("en", "do I have to pay for it", True),
        ("en", "how do I do that online", True),
        ("en", "what is covered there", True),
        ("es", "qué documentos necesito para eso", True),
        ("es", "cómo puedo hacer eso por internet", True),
        ("en", "how do I apply for it if I lost my card", False),
        ("en", "I lost my card how do I apply for it", False),
        ("en", "what is the deductible and when do I pay for it", False),
        ("en", "what discounts are there", False),
        ("en", "are you there", False),
    ],
)
def test_what_is_meant_stands_in_another_clause(language: str, text: str, leaning: bool) -> None:
    words = lexicon(language)
    assert leans(words.tokens(text), words) is leaning
