"""Files to entries: whatever is broken is named with its line, and the others go on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable

from knowledge import plainyaml
from knowledge.plainyaml import Node, Scalar, Unreadable

LARGEST = 1_000_000
"""Bytes an entry may have: longer ones are no entry that anybody would have spoken."""
_FIELDS = {"id", "department", "protected", "valid_until"}
_LANGUAGE = range(2, 4)
"""Letters of a language code: ISO 639-1 or 639-3."""
_DEEPEST = 8
"""Levels of sub-folders: a link that leads back to its own folder ends here."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is asked and answered, in one language."""

    question: str
    phrasings: tuple[str, ...]
    answer: str

    @property
    def asked(self) -> tuple[str, ...]:
        """Every known way to ask, the question first."""
        return (self.question, *self.phrasings)


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    department: str
    wordings: Mapping[str, Wording]
    """By language code; at least one."""
    body: str = ""
    """Longer text, from which passages for the model are cut."""
    valid_until: date | None = None
    """The last day on which the answer holds."""
    protected: bool = False
    """The answer is spoken to its end, whatever the caller says meanwhile: a legal text."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    file: str
    """Relative to the folder."""
    line: int
    """From 1; 1 where the whole file is meant."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Content:
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = field(default=())


def shipped() -> Traversable:
    """The folder of the knowledge base that comes with the product."""
    return resources.files("knowledge") / "content"


def ingest(folder: Traversable, today: date) -> Content:
    """All entries below `folder`, by path; those that are out of date or broken are problems."""
    if not folder.is_dir():
        return Content((), (Problem(".", 1, "expected a folder with Markdown files"),))
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for path, file in _markdown(folder, "", problems):
        try:
            entry, line = _entry(_text(file), today)
        except Unreadable as error:
            problems.append(Problem(path, error.line, error.reason))
            continue
        if entry.id in entries:
            problems.append(Problem(path, line, f"id {entry.id!r} is taken by another file"))
        else:
            entries[entry.id] = entry
    return Content(tuple(entries.values()), tuple(problems))


def _markdown(
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
        if item.name.lower().endswith(".md") and item.is_file():
            yield prefix + item.name, item
        elif item.is_dir() and prefix.count("/") < _DEEPEST:
            yield from _markdown(item, f"{prefix}{item.name}/", problems)


def _text(file: Traversable) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", 1) from error
    if len(data) > LARGEST:
        raise Unreadable(f"larger than {LARGEST:,} bytes", 1)
    if not data.strip():
        raise Unreadable("empty file", 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable("expected UTF-8 text, found another encoding", line) from error


def _entry(text: str, today: date) -> tuple[Entry, int]:
    """The entry and the line of its id."""
    front, body = _split(text)
    tree = plainyaml.read(front, first_line=2)
    if not isinstance(tree, plainyaml.Mapping):
        raise Unreadable("expected fields such as `id:` between the `---` lines", tree.line)
    name = _line_of_text(tree, "id")
    department = _line_of_text(tree, "department") if "department" in tree.items else None
    valid_until = _valid_until(tree.items.get("valid_until"), today)
    wordings = {}
    for key, node in tree.items.items():
        if key in _FIELDS:
            continue
        if len(key) not in _LANGUAGE or not key.isascii() or not key.islower():
            raise Unreadable(
                f"unknown field {key!r}; "
                "expected id, department, protected, valid_until or a language code",
                node.line,
            )
        wordings[key] = _wording(key, node)
    if not wordings:
        raise Unreadable("no language; expected `en:` with question and answer", tree.line)
    entry = Entry(
        id=name.text,
        department=department.text if department else "general",
        wordings=wordings,
        body=body.strip(),
        valid_until=valid_until,
        protected=_protected(tree.items.get("protected")),
    )
    return entry, name.line


def _split(text: str) -> tuple[str, str]:
    """Front matter and body."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != "---":
        raise Unreadable("expected `---` as its first line", 1)
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    raise Unreadable("expected a second `---` line after the fields", len(lines))


def _line_of_text(tree: plainyaml.Mapping, key: str) -> Scalar:
    node = tree.items.get(key)
    if node is None:
        raise Unreadable(f"no {key!r}", tree.line)
    if not isinstance(node, Scalar) or not node.text.strip():
        raise Unreadable(f"{key}: expected one word", node.line)
    return Scalar(node.text.strip(), node.line, node.quoted)


def _protected(node: Node | None) -> bool:
    if node is None:
        return False
    word = node.text.strip().lower() if isinstance(node, Scalar) else ""
    if word not in {"true", "false", "yes", "no"}:
        raise Unreadable("protected: expected true or false", node.line)
    return word in {"true", "yes"}


def _valid_until(node: Node | None, today: date) -> date | None:
    if node is None:
        return None
    try:
        until = date.fromisoformat(node.text.strip() if isinstance(node, Scalar) else "")
    except ValueError as error:
        raise Unreadable("valid_until: expected a date such as 2027-12-31", node.line) from error
    if until < today:
        raise Unreadable(f"was valid until {until}", node.line)
    return until


def _wording(language: str, node: Node) -> Wording:
    if not isinstance(node, plainyaml.Mapping):
        raise Unreadable(f"{language}: expected question, phrasings and answer", node.line)
    for key, value in node.items.items():
        if key not in {"question", "phrasings", "answer"}:
            raise Unreadable(
                f"{language}: unknown field {key!r}; expected question, phrasings or answer",
                value.line,
            )
    phrasings = node.items.get("phrasings", plainyaml.Sequence((), node.line))
    if not isinstance(phrasings, plainyaml.Sequence):
        raise Unreadable(f"{language}.phrasings: expected a list of texts", phrasings.line)
    return Wording(
        question=_sentence(node, f"{language}.question"),
        phrasings=tuple(_phrase(item, f"{language}.phrasings") for item in phrasings.items),
        answer=_sentence(node, f"{language}.answer"),
    )


def _sentence(node: plainyaml.Mapping, path: str) -> str:
    key = path.partition(".")[2]
    if key not in node.items:
        raise Unreadable(f"no {path!r}", node.line)
    value = node.items[key]
    if isinstance(value, Scalar) and not value.text.strip():
        raise Unreadable(f"{path}: empty", value.line)
    if isinstance(value, Scalar) and not value.is_text:
        raise Unreadable(f"{path}: expected a text, found {value.text}; quote it", value.line)
    return _phrase(value, path)


def _phrase(node: Node, path: str) -> str:
    if not isinstance(node, Scalar):
        raise Unreadable(f"{path}: expected a text", node.line)
    text = " ".join(node.text.split())
    if not text:
        raise Unreadable(f"{path}: empty", node.line)
    return text
