"""Documents are read in a child process: what hangs or bursts there is named, and nobody waits.

The child has no environment, a bound on memory, and a deadline for each file. Requests and replies
are lines of JSON; a request's file follows its line.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import IO, Any

import orjson

from knowledge.documents import Parsed, Piece, Row, Section, pieces
from knowledge.formats import TEXTS, reader
from knowledge.language import Detector
from knowledge.plainyaml import Unreadable
from knowledge.smuggled import Hostile, check, order_in

VERSION = "3"
"""Of all that makes pieces of a file: what another version made is made again."""
DEADLINE = 20.0
"""Seconds for a file."""
CHARACTERS = 2_000_000
"""Of a document."""
MEMORY = 1 << 30
"""Bytes of the child's address space."""
_PROGRAM = re.compile(r"<(script|style)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is no entry."""

    document: str
    """Its path in the folder."""
    kind: str
    """One of `formats.KINDS`."""
    data: bytes
    department: str
    title: str = ""
    language: str = ""
    line: int = 1
    """Where `data` begins in its file."""


@dataclass(frozen=True, slots=True)
class Found:
    pieces: tuple[Piece, ...] = ()
    rows: tuple[Row, ...] = ()
    broken: tuple[tuple[int, str], ...] = ()
    """Lines of rows that cannot be used, and why."""
    notes: tuple[tuple[int, str], ...] = ()
    """Lines with what was taken out."""


class Reader:
    """The child, started with its first file and again after one that broke it."""

    def __init__(self, languages: Sequence[str], *, deadline: float = DEADLINE) -> None:
        """`languages` that a text may turn out to be in."""
        self._languages = tuple(languages)
        self._deadline = deadline
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def read(self, source: Source) -> bytes:
        """The reply, to be kept and given to `found`."""
        child = self._child = self._child or _start()
        assert child.stdin is not None
        assert child.stdout is not None
        about = asdict(replace(source, data=b"")) | {
            "data": len(source.data),
            "languages": self._languages,
        }
        late: list[bool] = []

        def give_up() -> None:
            late.append(True)
            child.kill()

        timer = Timer(self._deadline, give_up)
        timer.start()
        try:
            child.stdin.write(orjson.dumps(about) + b"\n")
            child.stdin.write(source.data)
            child.stdin.flush()
            reply = child.stdout.readline()
        except BrokenPipeError:
            reply = b""
        finally:
            timer.cancel()
        if reply.endswith(b"\n"):
            return reply
        self._stop()
        reason = (
            f"not read within {self._deadline:g} s" if late else "cannot be read: its reader failed"
        )
        return orjson.dumps({"again": True, "line": 1, "reason": reason})

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


def lasting(reply: bytes) -> bool:
    """False where the next attempt may end better."""
    return not reply.startswith(b'{"again":')


def found(reply: bytes, source: Source) -> Found:
    """Raises Unreadable for what could not be used."""
    told = orjson.loads(reply)
    if "reason" in told:
        raise Unreadable(told["reason"], told["line"] + source.line - 1)
    return Found(
        pieces=tuple(
            Piece(source.document, heading, text, language, source.department)
            for heading, text, language in told["pieces"]
        ),
        rows=tuple(_row(row) for row in told["rows"]),
        broken=tuple((line + source.line - 1, reason) for line, reason in told["broken"]),
        notes=tuple((line + source.line - 1, reason) for line, reason in told["notes"]),
    )


def _row(told: dict[str, Any]) -> Row:
    texts = {name: tuple(told[name]) for name in ("phrasings", "callers")}
    return Row(**(told | texts))


def _start() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[1])
    paths = [root, *(path for path in sys.path if path)]
    return subprocess.Popen(
        [sys.executable, "-m", "knowledge.reading"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
    )


def answer(about: dict[str, Any], data: bytes, guess: Callable[[str], str]) -> dict[str, Any]:
    """What the child says of one file."""
    try:
        notes = check(_text(data, about["kind"])) if about["kind"] in TEXTS else []
        parsed = reader(about["kind"])(data)
        _examine(parsed)
    except (Hostile, Unreadable) as error:
        return {"line": error.line, "reason": error.reason}
    parsed = replace(
        parsed,
        title=about["title"] or parsed.title or _named(about["document"], parsed),
        language=about["language"] or parsed.language,
    )
    made = pieces(
        about["document"],
        parsed,
        department=about["department"],
        language=parsed.language,
        guess=guess,
    )
    rows = [
        asdict(row) | {"language": row.language or about["language"] or guess(row.question)}
        for row in parsed.rows
    ]
    return {
        "pieces": [(piece.heading, piece.text, piece.language) for piece in made],
        "rows": rows,
        "broken": parsed.broken,
        "notes": [*notes, *parsed.notes],
    }


def _text(data: bytes, kind: str) -> str:
    """As it stands in the file, but for programs: they are never read."""
    try:
        text = data.decode("utf-8-sig")
        return _PROGRAM.sub(lambda of: "\n" * of[0].count("\n"), text) if kind == "html" else text
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable("expected UTF-8 text, found another encoding", line) from error


def _examine(parsed: Parsed) -> None:
    """What only shows once the markup is gone. Raises Hostile, Unreadable."""
    length = 0
    for section in parsed.sections:
        length += len(section.text)
        _examine_section(section)
    if length > CHARACTERS:
        raise Unreadable(f"more than {CHARACTERS:,} characters: split it", 1)
    if not (parsed.rows or parsed.broken or length):
        raise Unreadable("no text in it", 1)


def _examine_section(section: Section) -> None:
    for text in (*section.headings, section.text):
        try:
            check(text)
        except Hostile as error:
            raise Hostile(error.reason, section.line) from error
        order = order_in(" ".join(text.split()))
        if order is not None:
            raise Hostile(order[0], section.line)


def _named(document: str, parsed: Parsed) -> str:
    """The file's name, where no heading says what the text is about."""
    if all(section.headings for section in parsed.sections):
        return ""
    name = document.rpartition("/")[2].partition(".")[0]
    return " ".join(name.replace("-", " ").replace("_", " ").split())


def _bound() -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 (POSIX only)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """The child's life: a file, a reply, until there are no more."""
    detectors: dict[tuple[str, ...], Detector] = {}
    while line := source.readline():
        about = orjson.loads(line)
        data = source.read(about["data"])
        languages = tuple(about["languages"])
        detector = detectors.setdefault(languages, Detector.build((), languages))
        reply = answer(about, data, lambda text, heard=detector: heard.detect(text).language)  # type: ignore[misc]
        sink.write(orjson.dumps(reply) + b"\n")
        sink.flush()


if __name__ == "__main__":
    _bound()
    sink, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(sys.stdin.buffer, sink)
