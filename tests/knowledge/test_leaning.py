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
