"""A caller's words without what no caller says: markup, control and invisible characters.

Whatever the input, the work is bounded by the characters that are read.
"""

import re
import unicodedata
from dataclasses import dataclass

from knowledge.unseen import seen

LONGEST_RUN = 3
"""Times that one character may stand in a row; digits may repeat as they like."""
_SLACK = 2
"""Times the longest text that are read at all, since much of it may go."""
_SHORTEST = 200
"""Characters that are read in any case."""
_TAG = re.compile(r"<[/!?]?[a-zA-Z|][^<>]{0,2000}>")
_REPEATED = re.compile(r"([^\d\s])\1{3,}")
_ROLE = re.compile(
    r"(?:^|(?<=[\n.!?]))(?:\s*(?:system|assistant|developer|tool)\s*:)+", re.IGNORECASE
)
_ROUNDS = 4
"""What one round takes away may bring together what the next one has to take away."""
_ORDINAL = re.compile("([ºª])")
_SPACE = re.compile(r"\s+")
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")", "`": "'"})
"""What could open a tag, a placeholder or a template."""
_MARKS = 2
"""Accents on one letter."""


@dataclass(frozen=True, slots=True)
class Sanitized:
    text: str
    confidence: float
    """Share of the characters that were a caller's words, in [0, 1]; 1.0 for an empty text."""


def sanitize(text: str, *, longest: int) -> Sanitized:
    """At most `longest` characters, on one line; the same text again stays as it is."""
    most = longest * _SLACK + _SHORTEST
    clean = _SPACE.sub(" ", text[:most]).strip()
    said = len(clean) + max(0, len(text) - most)
    for _ in range(_ROUNDS):
        last, clean = clean, _once(clean, most)
        if clean == last:
            break
    clean = clean[:longest].strip()
    return Sanitized(clean, min(1.0, len(clean) / said) if said else 1.0)


def _once(text: str, most: int) -> str:
    if not text.isascii():
        # one character may become eighteen
        text = _marked(seen("".join(map(_plain, _ORDINAL.split(text)))[:most]))
    text = _TAG.sub(" ", text)
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() else " " if letter.isspace() else "" for letter in text
        )
    text = text.translate(_HARMLESS)
    text = _ROLE.sub(" ", _REPEATED.sub(_shortened, text))
    return _SPACE.sub(" ", text).strip()


def _plain(text: str) -> str:
    """Letters and digits of other widths as the usual ones; `nº` stays what it is."""
    return text if _ORDINAL.fullmatch(text) else unicodedata.normalize("NFKC", text)


def _shortened(match: re.Match[str]) -> str:
    return match[1] * LONGEST_RUN


def _marked(text: str) -> str:
    """Without accents piled on one letter."""
    if not any(map(unicodedata.combining, text)):
        return text
    kept: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= _MARKS:
            kept.append(letter)
    return "".join(kept)
