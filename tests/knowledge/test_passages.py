"""What the model is given to read: the best few pieces of entries and documents, by their words."""

import numpy as np
import pytest

from knowledge.documents import Piece
from knowledge.entries import Entry, Wording
from knowledge.passages import BEST, ENOUGH, Passages, Pieces
from knowledge.words import lexicon

LEXICONS = {language: lexicon(language) for language in ("en", "es")}
ENTRY = Entry(
    "hail",
    "claims",
    {"en": Wording("Is hail covered?", (), "Yes, hail is covered.")},
    body="Send photos of the dents within a month.\n\nGlass is repaired at home.",
)
DOCUMENTS = (
    Piece("guide.pdf", "Storms › Flood", "Water from a river is covered.", "en", "claims"),
    Piece("guide.pdf", "Storms › Hail", "Park under a roof when you can.", "en", "claims"),
    Piece("viajes.md", "Equipaje", "La maleta perdida se paga en dos días.", "es", "travel"),
    Piece("reise.md", "Koffer", "Gepäckverlust wird ersetzt.", "de", "travel"),
)


def found(text: str, *, also: str = "", likeness: float = 0.0, own: int = -1) -> list[str]:
    passages = Passages([ENTRY], ["en"], LEXICONS, DOCUMENTS)
    readings = [LEXICONS["es"].read(also)] if also else []
    best = passages.best(
        LEXICONS["en"].read(text), np.array([likeness], dtype=np.float32), own, also=readings
    )
    assert all(ENOUGH <= passage.score <= 1.0 for passage in best)
    assert len(best) <= BEST
    return [f"{passage.entry}: {passage.text}" for passage in best]


def test_a_document_is_told_with_its_headings_and_its_source() -> None:
    assert found("Is a flooding river covered?")[0] == (
        "guide.pdf: Storms › Flood: Water from a river is covered."
    )


def test_words_of_a_heading_count() -> None:
    assert any(text.endswith("Park under a roof when you can.") for text in found("storm roof"))


def test_the_passages_of_the_best_entry_come_first() -> None:
    texts = found("photos of hail", likeness=0.9, own=0)
    assert texts[0].startswith("hail: ")
    assert "hail: Send photos of the dents within a month." in texts


def test_each_language_is_met_in_its_own_words() -> None:
    assert found("the lost suitcase") == []
    assert found("the lost suitcase", also="la maleta perdida") == [
        "viajes.md: Equipaje: La maleta perdida se paga en dos días."
    ]
    assert found("gepäckverlust") == ["reise.md: Koffer: Gepäckverlust wird ersetzt."]


@pytest.mark.parametrize("text", ["", "the capital of France", "hm"])
def test_where_nothing_is_shared_nothing_is_told(text: str) -> None:
    assert found(text) == []


def test_documents_are_read_once_for_all_languages() -> None:
    pieces = Pieces(DOCUMENTS, LEXICONS)
    for words in LEXICONS.values():
        passages = Passages([], [], LEXICONS, pieces)
        reading = words.read("Gepäckverlust")
        (best,) = passages.best(reading, np.zeros(0, dtype=np.float32), -1)
        assert best.entry == "reise.md"
