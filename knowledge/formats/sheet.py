"""CSV: questions with their answers, or rows of facts."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from knowledge.documents import Parsed, Row, Section
from knowledge.plainyaml import Unreadable

_NAMES = {
    "id": ("id",),
    "question": ("question", "pregunta"),
    "answer": ("answer", "respuesta"),
    "phrasings": ("phrasings",),
    "callers": ("callers",),
    "language": ("language", "idioma"),
    "department": ("department", "departamento"),
    "valid_until": ("valid_until",),
}
"""Columns that mean something, in lower case."""
_DELIMITERS = ",;\t|"
_LONGEST = 100_000
"""Characters of a field."""
_MOST = 50
"""Rows that are named with what is wrong with them; the others are counted."""

Made = TypeVar("Made")


def read(data: bytes) -> Parsed:
    """With the columns id, question and answer every row is an entry's wording in one language;
    with question and answer a piece under its question; else a piece that names its columns.

    A row that cannot be used is named, the others stay. Raises Unreadable without a header.
    """
    table = _Table(data.decode("utf-8-sig"))
    columns = _columns(table.names)

    def entry(line: int, row: list[str]) -> Row:
        return _entry(line, row, columns)

    def answer(line: int, row: list[str]) -> Section:
        return _answer(line, row, columns)

    def facts(line: int, row: list[str]) -> Section:
        told = (f"{name}: {cell}" for name, cell in zip(table.names, row, strict=True) if cell)
        return Section((), "; ".join(told), line)

    if {"id", "question", "answer"} <= columns.keys():
        return Parsed(rows=table.made(entry), broken=table.broken)
    if {"question", "answer"} <= columns.keys():
        return Parsed(table.made(answer), broken=table.broken)
    return Parsed(table.made(facts), broken=table.broken)


class _Table:
    """Rows under their header, and what is wrong with those that cannot be used."""

    def __init__(self, text: str) -> None:
        csv.field_size_limit(_LONGEST)
        head = text.partition("\n")[0]
        delimiter = max(_DELIMITERS, key=head.count)
        self._lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            self.names = [name.strip() for name in next(self._lines, [])]
        except csv.Error as error:
            raise Unreadable(f"not CSV: {error}", 1) from error
        if not any(self.names):
            raise Unreadable("no header: expected the names of the columns", 1)
        self._named: list[tuple[int, str]] = []
        self._others: list[int] = []

    @property
    def broken(self) -> tuple[tuple[int, str], ...]:
        """Lines and reasons, once the rows are `made`."""
        if not self._others:
            return tuple(self._named)
        reason = f"{len(self._others):,} more rows from here on cannot be used"
        return (*self._named, (self._others[0], reason))

    def made(self, of: Callable[[int, list[str]], Made]) -> tuple[Made, ...]:
        """What `of` makes of each row; one for which it raises Unreadable is broken."""
        made = []
        for line, row in self._rows():
            try:
                made.append(of(line, row))
            except Unreadable as error:
                self._leave_out(error.line, error.reason)
        return tuple(made)

    def _leave_out(self, line: int, reason: str) -> None:
        if len(self._named) < _MOST:
            self._named.append((line, reason))
        else:
            self._others.append(line)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its first line; empty rows are passed over."""
        while True:
            line = self._lines.line_num + 1
            try:
                row = next(self._lines)
            except StopIteration:
                return
            except csv.Error as error:
                last = self._lines.line_num
                to = f" (to line {last})" if last > line else ""
                self._leave_out(line, f"not CSV: {error}{to}")
                continue
            if any(cell.strip() for cell in row):
                if len(row) == len(self.names):
                    yield line, [" ".join(cell.split()) for cell in row]
                else:
                    self._leave_out(line, f"expected {len(self.names)} columns, found {len(row)}")


def _columns(names: list[str]) -> dict[str, int]:
    lower = [name.lower() for name in names]
    return {
        known: lower.index(word)
        for known, words in _NAMES.items()
        for word in words
        if word in lower
    }


def _entry(line: int, row: list[str], columns: Mapping[str, int]) -> Row:
    """Raises Unreadable."""

    def of(name: str) -> str:
        return row[columns[name]] if name in columns else ""

    for name in ("id", "question", "answer"):
        if not of(name):
            raise Unreadable(f"no {name!r}", line)
    return Row(
        line=line,
        id=of("id"),
        question=of("question"),
        phrasings=_parted(of("phrasings")),
        callers=_parted(of("callers")),
        answer=of("answer"),
        language=of("language").lower(),
        department=of("department"),
        valid_until=of("valid_until"),
    )


def _parted(texts: str) -> tuple[str, ...]:
    return tuple(text for part in texts.split("|") if (text := part.strip()))


def _answer(line: int, row: list[str], columns: Mapping[str, int]) -> Section:
    """Raises Unreadable."""
    answer = row[columns["answer"]]
    if not answer:
        raise Unreadable("no 'answer'", line)
    return Section((row[columns["question"]],), answer, line)
