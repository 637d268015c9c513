"""Questions whose right entry is known, from a file: what `answerline kb eval FILE` asks."""

import csv
from collections.abc import Callable, Collection, Iterator
from io import StringIO
from pathlib import Path

import orjson

from agent.jsonl import code
from knowledge.evaluation import Case

COLUMNS = ("text", "entry", "language")
NONE = frozenset({"", "none", "null", "-"})
"""How a line may say that no entry answers it."""
Row = tuple[int, tuple[str, str, str]]
"""The line, from 1, and its columns."""


class Unreadable(ValueError):
    """The file as a whole; the text says what was expected."""


def read(
    path: Path,
    known: Collection[str],
    *,
    language: Callable[[str], str],
    warn: Callable[[str], None],
) -> list[Case]:
    """`language` of a text that does not say its own. What cannot be used is told and left out.

    Raises Unreadable.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: expected UTF-8") from error

    def told(line: int, reason: str) -> None:
        warn(f"{path}:{line}: {reason}")

    cases = []
    lines = _objects(text, told) if _is_json(path, text) else _table(path, text, told)
    for line, (asked, entry, spoken) in lines:
        if not asked:
            told(line, "no text")
        elif entry.lower() in NONE and entry not in known:
            cases.append(Case(asked, "", code(spoken) or language(asked)))
        elif entry not in known:
            told(line, f"no entry {entry!r}")
        else:
            cases.append(Case(asked, entry, code(spoken) or language(asked)))
    if not cases:
        raise Unreadable(f"{path}: no question that can be used")
    return cases


def _is_json(path: Path, text: str) -> bool:
    suffix = path.suffix.lower()
    return suffix in {".jsonl", ".json"} or (not suffix and text.lstrip().startswith("{"))


def _objects(text: str, told: Callable[[int, str], None]) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            item = orjson.loads(line)
        except orjson.JSONDecodeError:
            item = None
        if not isinstance(item, dict) or "text" not in item or "entry" not in item:
            told(number, 'expected {"text": "…", "entry": "…"}')
            continue
        cells = ["" if item.get(name) is None else item[name] for name in COLUMNS]
        if all(isinstance(cell, str) for cell in cells):
            asked, entry, spoken = (cell.strip() for cell in cells)
            yield number, (asked, entry, spoken)
        else:
            told(number, "text, entry, language: expected texts")


def _table(path: Path, text: str, told: Callable[[int, str], None]) -> Iterator[Row]:
    """The first line may name the columns, in any order."""
    tabs = path.suffix.lower() == ".tsv" or "\t" in text.partition("\n")[0]
    lines = StringIO(text, newline="")
    if tabs:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        rows = csv.reader(lines, strict=True)
    places = dict(zip(COLUMNS, range(len(COLUMNS)), strict=True))
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            names = [cell.lower() for cell in cells]
            if rows.line_num == 1 and {"text", "entry"} <= set(names):
                places = {name: names.index(name) for name in COLUMNS if name in names}
            elif any(cells) and len(cells) <= places["entry"]:
                told(rows.line_num, "expected text and entry")
            elif any(cells):
                asked, entry, spoken = (_cell(cells, places, name) for name in COLUMNS)
                yield rows.line_num, (asked, entry, spoken)
    except csv.Error as error:
        told(rows.line_num, f"{error}; what follows is left out")


def _cell(cells: list[str], places: dict[str, int], name: str) -> str:
    at = places.get(name, len(cells))
    return cells[at] if at < len(cells) else ""
