"""New files for the knowledge base: `answerline kb add`."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from knowledge.edition import Content, Progress, gather
from knowledge.formats import KINDS
from knowledge.ingest import LARGEST_DOCUMENT, ingest
from knowledge.kept import Kept, write


class Unusable(Exception):
    """A mistake in what was asked for; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Added:
    file: str
    """In the folder; where it was refused, as it was given."""
    outcome: str
    """added, replaced, unchanged, refused."""
    entries: int = 0
    passages: int = 0
    problems: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        return self.outcome == "refused"

    @property
    def changed(self) -> bool:
        return self.outcome in {"added", "replaced"}

    def __str__(self) -> str:
        if self.refused:
            return f"refused {self.file}"
        parts = [
            f"{count} {word if count == 1 else plural}"
            for count, word, plural in (
                (self.entries, "entry", "entries"),
                (self.passages, "passage", "passages"),
            )
            if count
        ]
        return f"{self.outcome} {self.file}: {', '.join(parts)}"


def add(
    files: Sequence[Path],
    folder: Path,
    *,
    department: str,
    languages: Sequence[str],
    kept: Kept,
    progress: Progress,
) -> list[Added]:
    """What became of each. A file is in the folder as a whole or not at all. Raises Unusable."""
    if department and not department.replace("-", "").replace("_", "").isalnum():
        raise Unusable(f"--department {department}: expected a word")
    today = datetime.now(UTC).date()
    there = gather(folder, today, languages=languages, kept=kept) if folder.is_dir() else None
    taken = dict(there.places) if there is not None else {}
    added = []
    for number, file in enumerate(files, 1):
        try:
            place = _place(file, folder, department)
            data = _data(file)
            content = _content(place, data, today, languages, kept)
            _check(content, place, taken)
            outcome = _put(folder / place, data)
        except Unusable as error:
            lines = tuple(str(error).splitlines())
            added.append(Added(str(file), "refused", problems=lines))
        else:
            taken |= dict.fromkeys((entry.id for entry in content.entries), place)
            told = tuple(str(problem) for problem in content.problems)
            counts = len(content.entries), len(content.pieces)
            added.append(Added(place, outcome, *counts, problems=told))
        progress(file.name, number, len(files))
    return added


def _place(file: Path, folder: Path, department: str) -> str:
    """Where in the folder a file belongs; one that lies there already stays."""
    if not file.is_file():
        raise Unusable(f"{file}: expected a file")
    if file.suffix.lower() not in KINDS or file.name.startswith("."):
        raise Unusable(f"{file}: expected one of {', '.join(sorted(KINDS))}")
    if file.resolve().is_relative_to(folder.resolve()):
        return file.resolve().relative_to(folder.resolve()).as_posix()
    return f"{department}/{file.name}" if department else file.name


def _data(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}") from error


def _content(place: str, data: bytes, today: date, languages: Sequence[str], kept: Kept) -> Content:
    """What the folder would hold of it, were it alone there."""
    with tempfile.TemporaryDirectory(prefix="answerline-") as name:
        alone = Path(name) / place
        alone.parent.mkdir(parents=True, exist_ok=True)
        alone.write_bytes(data)
        return ingest(Path(name), today, languages=languages, kept=kept)


def _check(content: Content, place: str, taken: dict[str, str]) -> None:
    """Raises Unusable where the file would be a problem of the folder."""
    lines = [str(problem) for problem in content.problems if problem.left_out]
    lines += [
        f"{place}:1: id {entry.id!r} is taken by {taken[entry.id]}"
        for entry in content.entries
        if taken.get(entry.id, place) != place
    ]
    if not (lines or content.entries or content.pieces):
        lines = [f"{place}:1: nothing in it that can be used"]
    if lines:
        raise Unusable("\n".join(lines))


def _put(file: Path, data: bytes) -> str:
    """Raises Unusable."""
    try:
        there = file.is_file()
        if there and file.read_bytes() == data:
            return "unchanged"
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, data)
    except OSError as error:
        raise Unusable(f"{error.filename or file}: {error.strerror}") from error
    return "replaced" if there else "added"
