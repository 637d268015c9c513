"""Longer texts beside the entries, as the pieces that a model may answer from."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.unseen import seen

LONGEST = 90
"""Words of a piece."""
_TELLING = 12
"""Words from which a section's language is heard from its own words."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_DEEPEST = 4
"""Headings told with a piece, the innermost ones."""
_WIDEST = 120
"""Characters of a heading."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A few sentences of a document, short enough for a model to read with others."""

    document: str
    """Its path in the folder: the source that the journal names."""
    heading: str
    """The headings that it stands under, outermost first, " › " between them; may be ""."""
    text: str
    language: str
    department: str

    @property
    def told(self) -> str:
        """What the model reads."""
        return f"{self.heading}: {self.text}" if self.heading else self.text


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, as a format's reader finds it."""

    headings: tuple[str, ...]
    text: str
    """Paragraphs, empty lines between them."""
    line: int
    """From 1; of a PDF the page."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as a line of a table has it, in one language."""

    line: int
    id: str
    question: str
    phrasings: tuple[str, ...]
    answer: str
    language: str
    department: str
    valid_until: str
    callers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a format's reader makes of a file."""

    sections: tuple[Section, ...] = ()
    rows: tuple[Row, ...] = ()
    title: str = ""
    language: str = ""
    """Two letters, where the file says it."""
    broken: tuple[tuple[int, str], ...] = ()
    """Lines of rows that cannot be used, and why."""
    notes: tuple[tuple[int, str], ...] = ()
    """Lines with what was left out of the text, and why."""


def cut(body: str) -> list[str]:
    """Paragraphs, the long ones at sentence ends, the very long sentences at words."""
    passages: list[str] = []
    for paragraph in re.split(r"\n\s*\n", body):
        words: list[str] = []
        for sentence in _SENTENCE.split(" ".join(paragraph.split())):
            more = sentence.split()
            if words and len(words) + len(more) > LONGEST:
                passages.append(" ".join(words))
                words = []
            words += more
            while len(words) > LONGEST:
                passages.append(" ".join(words[:LONGEST]))
                words = words[LONGEST:]
        if words:
            passages.append(" ".join(words))
    return passages


def pieces(
    document: str,
    parsed: Parsed,
    *,
    department: str,
    language: str,
    guess: Callable[[str], str],
) -> Iterator[Piece]:
    """`language`: "" to have `guess` tell it, of the whole and of each section that says enough."""
    first = language or guess(" ".join(section.text for section in parsed.sections)[:20_000])
    for section in parsed.sections:
        headings = [" ".join(seen(heading).split())[:_WIDEST] for heading in section.headings]
        if parsed.title and headings[:1] != [parsed.title]:
            headings.insert(0, parsed.title)
        text = seen(section.text)
        telling = not language and len(text.split(None, _TELLING)) > _TELLING
        spoken = guess(text[:2000]) if telling else first
        for part in _joined(cut(text)):
            yield Piece(
                document=document,
                heading=" › ".join(heading for heading in headings[-_DEEPEST:] if heading),
                text=part,
                language=spoken,
                department=department,
            )


def _joined(parts: Sequence[str]) -> Iterator[str]:
    """Short paragraphs of a section together: one alone says too little."""
    together: list[str] = []
    length = 0
    for part in parts:
        words = part.count(" ") + 1
        if together and length + words > LONGEST:
            yield " ".join(together)
            together, length = [], 0
        together.append(part)
        length += words
    if together:
        yield " ".join(together)
