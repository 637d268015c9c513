"""What the embedded ears make of a caller's voice in English, beside the words: a rough reading.

It finds entries and is nothing else: it is never said, shown or kept, and never decides alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from knowledge.glossary import Glossary
from knowledge.words import fold

SUREST = 0.85
"""Less than what a reading must have to decide alone."""
_ALIKE = 0.6
"""Of letters, from which a word is a term misheard: "police" is "policy"."""


@dataclass(frozen=True, slots=True)
class Rough:
    """Of one utterance."""

    text: str
    sure: float
    """That these words were said, in [0, 1], by the recogniser itself."""


def together(heard: Sequence[Rough]) -> Rough:
    """Of a turn."""
    text = " ".join(one.text for one in heard)
    return Rough(text, min((one.sure for one in heard), default=0.0))


def mended(text: str, original: str, source: str, target: str, glossary: Glossary) -> str:
    """Each term that was said is in it: where a word is like it, in its place, else at the end."""
    words = text.split()
    for term in glossary.missing(original, text, source, target):
        near = [max(_near(word, way) for way in (term.said, *term.meant)) for word in words]
        at = near.index(max(near)) if near else -1
        if at >= 0 and near[at] >= _ALIKE:
            words[at] = term.meant[0]
        else:
            words.append(term.meant[0])
    return " ".join(words)


def _near(word: str, way: str) -> float:
    letters = "".join(filter(str.isalnum, fold(word)))
    return SequenceMatcher(None, letters, fold(way)).ratio()
