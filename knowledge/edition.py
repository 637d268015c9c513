"""What a folder of content held at one time, and a copy of it that is read in a moment."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from os import DirEntry, scandir
from pathlib import Path
from typing import Any

import orjson

from knowledge.documents import Piece
from knowledge.entries import Entry, Wording
from knowledge.kept import Kept

VERSION = "4"
"""Of the copy's form and of all that reads files: a copy of another version is not used."""
LANGUAGES = ("en", "es")
"""Which a document may turn out to be in, where it does not say so."""
DEEPEST = 8
"""Levels of sub-folders: a link that leads back to its own folder ends here."""
_SETTLED = 2.0
"""Seconds: files that changed a moment ago may change again without its showing in their times."""

Progress = Callable[[str, int, int], None]
"""Told the file that was read, how many are done, and of how many."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    file: str
    """Relative to the folder."""
    line: int
    """From 1; 1 where the whole file is meant; of a PDF the page, of a DOCX the paragraph."""
    reason: str
    left_out: bool = True
    """False: the file is in use all the same, without what the reason names."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Content:
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = field(default=())
    pieces: tuple[Piece, ...] = field(default=())
    """Of the longer documents."""
    places: Mapping[str, str] = field(default_factory=dict)
    """An entry's id and the file that it stands in."""
    lasting: bool = True
    """False where a file was given up that the next attempt may read."""


def shipped() -> Traversable:
    """The folder of the knowledge base that comes with the product."""
    return resources.files("knowledge") / "content"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of all files in a folder: names, sizes, times, places on the disk."""

    text: str
    newest: float
    """Seconds since 1970."""

    def settled(self, now: float) -> bool:
        return now - self.newest > _SETTLED


def fingerprint(folder: Path) -> Fingerprint:
    """Costs a look at each name; whatever cannot be looked at is left to whoever reads it."""
    found: list[tuple[str, int, int, int, int]] = []
    _look(folder, "", found)
    newest = max((max(mtime, ctime) for _, _, mtime, ctime, _ in found), default=0) / 1e9
    return Fingerprint(Kept.key(orjson.dumps(sorted(found))), newest)


def _look(folder: Path, prefix: str, found: list[tuple[str, int, int, int, int]]) -> None:
    try:
        with scandir(folder) as items:
            for item in items:
                if not item.name.startswith("."):
                    _look_at(item, prefix, found)
    except OSError:
        found.append((f"{prefix}?", 0, 0, 0, 0))


def _look_at(item: DirEntry[str], prefix: str, found: list[tuple[str, int, int, int, int]]) -> None:
    name = prefix + item.name
    try:
        if item.is_dir():
            if prefix.count("/") < DEEPEST:
                _look(Path(item.path), f"{name}/", found)
            return
        seen = item.stat()
    except OSError:
        found.append((f"{name}?", 0, 0, 0, 0))
        return
    found.append((name, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino))


def gather(
    folder: Path | None,
    today: date,
    *,
    languages: Sequence[str] = LANGUAGES,
    kept: Kept | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.time,
) -> Content:
    """`ingest`, or the copy of what it found in the same files before. None: what is shipped."""
    place = folder or shipped()
    if kept is None or not isinstance(place, Path) or not place.is_dir():
        return _read(place, today, languages, kept, progress)
    mark = fingerprint(place)
    name = key(place, mark, today, languages)
    copy = kept.get(name)
    if copy is not None:
        try:
            return decode(copy)
        except ValueError:
            pass  # damaged, or another version's: read again
    content = _read(place, today, languages, kept, progress)
    if content.lasting and mark.settled(clock()) and fingerprint(place) == mark:
        kept.put(name, encode(content))
    kept.tidy()
    return content


def _read(
    place: Traversable,
    today: date,
    languages: Sequence[str],
    kept: Kept | None,
    progress: Progress | None,
) -> Content:
    from knowledge.ingest import ingest  # noqa: PLC0415 (what a copy makes unnecessary)

    return ingest(place, today, languages=languages, kept=kept, progress=progress)


def key(folder: Path, mark: Fingerprint, today: date, languages: Sequence[str]) -> str:
    """Under which the folder's copy is kept; another day has other entries that are out of date."""
    place = str(folder.resolve())
    return Kept.key("content", VERSION, place, mark.text, today.isoformat(), ",".join(languages))


def version(content: Content) -> str:
    """Of what is answered from: the same wherever the folder lies."""
    return Kept.key(orjson.dumps((content.entries, content.pieces)))[:16]


def encode(content: Content) -> bytes:
    return orjson.dumps(content)


def decode(data: bytes) -> Content:
    """Raises ValueError for what this version did not write."""
    try:
        told = orjson.loads(data)
        return Content(
            entries=tuple(_entry(entry) for entry in told["entries"]),
            problems=tuple(Problem(**problem) for problem in told["problems"]),
            pieces=tuple(Piece(**piece) for piece in told["pieces"]),
            places=told["places"],
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not a copy of content") from error


def _entry(told: dict[str, Any]) -> Entry:
    until = told.pop("valid_until")
    wordings = {
        language: Wording(
            said["question"], tuple(said["phrasings"]), said["answer"], tuple(said["callers"])
        )
        for language, said in told.pop("wordings").items()
    }
    return Entry(
        **told, wordings=wordings, valid_until=date.fromisoformat(until) if until else None
    )
