"""What the knowledge base holds, as a table: `answerline kb list`."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from knowledge.edition import Content, Problem

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry, or a longer document."""

    kind: str
    """entry, document."""
    id: str
    file: str
    department: str
    languages: tuple[str, ...]
    phrasings: int
    """Known ways to ask, in all languages; of a document 0."""
    passages: int
    """For the model; of an entry 0: its body is told with it."""
    valid_until: str


def rows(content: Content) -> list[Listed]:
    entries = [
        Listed(
            kind="entry",
            id=entry.id,
            file=content.places.get(entry.id, ""),
            department=entry.department,
            languages=tuple(entry.wordings),
            phrasings=sum(len(wording.asked) for wording in entry.wordings.values()),
            passages=0,
            valid_until=entry.valid_until.isoformat() if entry.valid_until else "",
        )
        for entry in content.entries
    ]
    counts = Counter((piece.document, piece.department) for piece in content.pieces)
    spoken: dict[str, dict[str, None]] = {}
    for piece in content.pieces:
        spoken.setdefault(piece.document, {}).setdefault(piece.language)
    documents = [
        Listed("document", name, name, department, tuple(spoken[name]), 0, count, "")
        for (name, department), count in counts.items()
    ]
    return entries + documents


def as_json(listed: Sequence[Listed], problems: Sequence[Problem]) -> bytes:
    return orjson.dumps({"content": listed, "problems": problems})


def show(
    listed: Sequence[Listed],
    console: "Console",
    tell: Callable[[str], None],
) -> None:
    """A table on a terminal, columns parted by tabs elsewhere."""
    names = ("kind", "id", "department", "languages", "phrasings", "passages", "valid until")
    cells = [
        (
            one.kind,
            one.id,
            one.department,
            ",".join(one.languages),
            str(one.phrasings or ""),
            str(one.passages or ""),
            one.valid_until,
        )
        for one in listed
    ]
    if console.is_terminal:
        from rich.table import Table  # noqa: PLC0415 (only a terminal needs it)
        from rich.text import Text  # noqa: PLC0415

        table = Table(*names, box=None)
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    else:
        for row in (names, *cells):
            tell("\t".join(row))
