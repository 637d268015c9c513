"""CSV: questions with their answers, or rows of facts."""

import csv
import io
from collections.abc import Iterator, Mapping

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


def read(data: bytes) -> Parsed:
    """With the columns id, question and answer every row is an entry's wording in one language;
    with question and answer a piece under its question; else a piece that names its columns."""
    text = data.decode("utf-8-sig")
    csv.field_size_limit(_LONGEST)
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(lines, [])]
        columns = _columns(names)
        if {"id", "question", "answer"} <= columns.keys():
            return Parsed(rows=tuple(_rows(_numbered(lines, len(names)), columns)))
        if {"question", "answer"} <= columns.keys():
            return Parsed(tuple(_answers(_numbered(lines, len(names)), columns)))
        return Parsed(tuple(_facts(_numbered(lines, len(names)), names)))
    except csv.Error as error:
        raise Unreadable(f"not CSV: {error}", lines.line_num or 1) from error


def _columns(names: list[str]) -> dict[str, int]:
    lower = [name.lower() for name in names]
    return {
        known: lower.index(word)
        for known, words in _NAMES.items()
        for word in words
        if word in lower
    }


def _numbered(lines: "Iterator[list[str]]", width: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with its first line; empty rows are passed over."""
    line = 2
    for row in lines:
        if any(cell.strip() for cell in row):
            if len(row) != width:
                raise Unreadable(f"expected {width} columns, found {len(row)}", line)
            yield line, [" ".join(cell.split()) for cell in row]
        line = getattr(lines, "line_num", line) + 1


def _rows(lines: Iterator[tuple[int, list[str]]], columns: Mapping[str, int]) -> Iterator[Row]:
    def of(row: list[str], name: str) -> str:
        return row[columns[name]] if name in columns else ""

    for line, row in lines:
        for name in ("id", "question", "answer"):
            if not of(row, name):
                raise Unreadable(f"no {name!r}", line)
        yield Row(
            line=line,
            id=of(row, "id"),
            question=of(row, "question"),
            phrasings=_parted(of(row, "phrasings")),
            callers=_parted(of(row, "callers")),
            answer=of(row, "answer"),
            language=of(row, "language").lower(),
            department=of(row, "department"),
            valid_until=of(row, "valid_until"),
        )


def _parted(texts: str) -> tuple[str, ...]:
    return tuple(text for part in texts.split("|") if (text := part.strip()))


def _answers(
    lines: Iterator[tuple[int, list[str]]], columns: Mapping[str, int]
) -> Iterator[Section]:
    for line, row in lines:
        yield Section((row[columns["question"]],), row[columns["answer"]], line)


def _facts(lines: Iterator[tuple[int, list[str]]], names: list[str]) -> Iterator[Section]:
    for line, row in lines:
        told = (f"{name}: {cell}" for name, cell in zip(names, row, strict=True) if cell)
        yield Section((), "; ".join(told), line)
