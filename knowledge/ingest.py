"""Files to content: whatever is broken is named with its line, and the others go on."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.resources.abc import Traversable

from knowledge import entries, reading
from knowledge.documents import Piece, Row
from knowledge.edition import DEEPEST, LANGUAGES, Content, Problem, Progress, shipped
from knowledge.entries import Entry, Wording
from knowledge.formats import KINDS
from knowledge.kept import Kept
from knowledge.plainyaml import Scalar, Unreadable
from knowledge.reading import Found, Reader, Source
from knowledge.smuggled import Hostile, check

__all__ = [
    "LARGEST", "Content", "Entry", "Piece", "Problem", "Progress", "Wording", "ingest", "shipped",
]  # fmt: skip

LARGEST = 1_000_000
"""Bytes an entry may have: longer ones are no entry that anybody would have spoken."""
LARGEST_DOCUMENT = 20_000_000
"""Bytes of a longer document."""
MOST_PIECES = 50_000
"""Of all documents together."""
_LANGUAGE = range(2, 4)
_OPENING = re.compile(rb"(?:\xef\xbb\xbf|[ \t]*+\r?\n)*+---")
"""What fields begin with."""


def ingest(
    folder: Traversable,
    today: date,
    *,
    languages: Sequence[str] = LANGUAGES,
    kept: Kept | None = None,
    progress: Progress | None = None,
) -> Content:
    """All content below `folder`, by path; what is out of date or broken is a problem.

    Takes seconds where documents are new: never on the event loop. `kept`: of unchanged ones.
    """
    if not folder.is_dir():
        return Content((), (Problem(".", 1, "expected a folder with Markdown files"),))
    problems: list[Problem] = []
    files = [*_files(folder, "", problems)]
    with Reader(languages) as reader:
        gathered = _Gathered(today, reader, kept, ",".join(languages), problems)
        for number, (path, file) in enumerate(files, 1):
            gathered.add(path, file)
            if progress is not None:
                progress(path, number, len(files))
    return gathered.content()


def _files(
    folder: Traversable, prefix: str, problems: list[Problem]
) -> Iterator[tuple[str, Traversable]]:
    try:
        items = sorted(folder.iterdir(), key=lambda item: item.name)
    except OSError as error:
        problems.append(Problem(prefix or ".", 1, f"cannot be read: {error.strerror}"))
        return
    for item in items:
        if item.name.startswith("."):
            continue
        if _kind(item.name) and item.is_file():
            yield prefix + item.name, item
        elif item.is_dir() and prefix.count("/") < DEEPEST:
            yield from _files(item, f"{prefix}{item.name}/", problems)


def _kind(name: str) -> str:
    dot = name.rfind(".")
    return KINDS.get(name[dot:].lower(), "") if dot > 0 else ""


class _Gathered:
    """What the files read so far hold."""

    def __init__(
        self,
        today: date,
        reader: Reader,
        kept: Kept | None,
        languages: str,
        problems: list[Problem],
    ) -> None:
        self._today = today
        self._reader = reader
        self._kept = kept
        self._languages = languages
        self._problems = problems
        self._entries: dict[str, Entry] = {}
        self._places: dict[str, str] = {}
        self._pieces: list[Piece] = []
        self._lasting = True

    def content(self) -> Content:
        return Content(
            tuple(self._entries.values()),
            tuple(self._problems),
            tuple(self._pieces),
            self._places,
            self._lasting,
        )

    def add(self, path: str, file: Traversable) -> None:
        try:
            data = _read(file)
            opening = _OPENING.match(data) if _kind(path) == "markdown" else None
            if opening is not None:
                self._add_fronted(path, data, opening.end())
            else:
                self._add_document(_source(path, data))
        except (Unreadable, Hostile) as error:
            self._problems.append(Problem(path, error.line, error.reason))

    def _add_fronted(self, path: str, data: bytes, begun: int) -> None:
        """An entry, or a document that says something about itself; its fields have `begun`."""
        if len(data) > LARGEST and data.find(b"\n---", begun, LARGEST) < 0:
            raise Unreadable(f"larger than {LARGEST:,} bytes", 1)
        text = _decoded(data)
        front = entries.front(text)
        if front.of_document:
            fields = front.fields
            entries.last_day(fields.items.get("valid_until"), self._today)
            given = {
                name: entries.word(fields, name).text
                for name in ("department", "language", "title")
                if name in fields.items
            }
            self._add_document(_source(path, front.body.encode(), line=front.line, **given))
            return
        if len(data) > LARGEST:
            raise Unreadable(f"larger than {LARGEST:,} bytes", 1)
        self._note(path, check(text))
        entry, line = entries.entry(front, self._today)
        self._add_entry(path, entry, line)

    def _add_entry(self, path: str, entry: Entry, line: int) -> None:
        if entry.id in self._entries:
            raise Unreadable(f"id {entry.id!r} is taken by another file", line)
        self._entries[entry.id] = entry
        self._places[entry.id] = path

    def _add_document(self, source: Source) -> None:
        found = self._found(source)
        if len(self._pieces) + len(found.pieces) > MOST_PIECES:
            raise Unreadable(f"more than {MOST_PIECES:,} pieces of documents in the folder", 1)
        self._pieces += found.pieces
        self._note(source.document, found.notes)
        self._problems += [Problem(source.document, *of) for of in found.broken]
        self._add_rows(source, found.rows)

    def _found(self, source: Source) -> Found:
        """As it was found before, or read by the child."""
        if not source.data.strip():
            raise Unreadable("empty file", 1)
        key = Kept.key(
            reading.VERSION,
            source.document,
            source.department,
            source.title,
            source.language or self._languages,
            source.data,
        )
        reply = self._kept.get(key) if self._kept is not None else None
        if reply is not None:
            try:
                return reading.found(reply, source)
            except (ValueError, KeyError, TypeError):
                pass  # another version's, or half of one: read again
        reply = self._reader.read(source)
        self._lasting = self._lasting and reading.lasting(reply)
        if self._kept is not None:
            self._kept.put(key, reply, lasting=reading.lasting(reply))
        return reading.found(reply, source)

    def _add_rows(self, source: Source, rows: Sequence[Row]) -> None:
        """A table's entries: rows with the same id are one entry in several languages."""
        made: dict[str, tuple[Entry, int]] = {}
        for row in rows:
            try:
                until = Scalar(row.valid_until, row.line, quoted=True) if row.valid_until else None
                known, line = made.get(row.id, (None, row.line))
                entry = _with(known, row, source, entries.last_day(until, self._today))
                made[row.id] = (entry, line)
            except Unreadable as error:
                self._problems.append(Problem(source.document, error.line, error.reason))
        for entry, line in made.values():
            try:
                self._add_entry(source.document, entry, line)
            except Unreadable as error:
                self._problems.append(Problem(source.document, error.line, error.reason))

    def _note(self, path: str, notes: Sequence[tuple[int, str]]) -> None:
        self._problems += [Problem(path, line, reason, left_out=False) for line, reason in notes]


def _with(known: Entry | None, row: Row, source: Source, until: date | None) -> Entry:
    if known is not None and row.language in known.wordings:
        raise Unreadable(f"id {row.id!r} stands here twice in {row.language}", row.line)
    if len(row.language) not in _LANGUAGE or not row.language.isalpha():
        raise Unreadable("language: expected a code of two letters", row.line)
    return Entry(
        id=row.id,
        department=known.department if known else row.department or source.department,
        wordings={
            **(known.wordings if known else {}),
            row.language: Wording(row.question, row.phrasings, row.answer, row.callers),
        },
        valid_until=until or (known.valid_until if known else None),
    )


def _source(
    path: str,
    data: bytes,
    *,
    department: str = "",
    language: str = "",
    title: str = "",
    line: int = 1,
) -> Source:
    """The first folder is the department, `guide.es.md` is Spanish, where the file says nothing."""
    *folders, name = path.split("/")
    suffix = name.split(".")[-2] if name.count(".") > 1 else ""
    spoken = suffix if len(suffix) in _LANGUAGE and suffix.isalpha() and suffix.islower() else ""
    return Source(
        document=path,
        kind=_kind(path),
        data=data,
        department=department or (folders[0] if folders else "general"),
        title=title,
        language=language or spoken,
        line=line,
    )


def _read(file: Traversable) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", 1) from error
    if len(data) > LARGEST_DOCUMENT:
        raise Unreadable(f"larger than {LARGEST_DOCUMENT:,} bytes", 1)
    if not data.strip():
        raise Unreadable("empty file", 1)
    return data


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable("expected UTF-8 text, found another encoding", line) from error
