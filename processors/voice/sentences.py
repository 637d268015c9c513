"""Text into sentences and breaths: what is synthesised at once."""

import re
from collections.abc import Iterator

from processors.model.sentences import Sentences

BREATH = 90
"""Characters that are synthesised at once: about 60 ms of work for the embedded voices."""
_CLAUSE = re.compile(r"(?<=[,;:–—])\s+")


def sentences(text: str, language: str) -> list[str]:
    """Each sentence; what holds no letter and no figure is left out."""
    cut = Sentences(language)
    return [found for found in (*cut.add(text), cut.rest()) if any(map(str.isalnum, found))]


def breaths(sentence: str, most: int = BREATH) -> Iterator[str]:
    """A long sentence at its commas, pieces of `most` characters where it has enough of them."""
    piece = ""
    for clause in _CLAUSE.split(sentence):
        if piece and len(piece) + len(clause) > most:
            yield piece
            piece = clause
        else:
            piece = f"{piece} {clause}" if piece else clause
    if piece:
        yield piece
