"""One question and its answers, as a Markdown file with YAML front matter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from knowledge import plainyaml
from knowledge.plainyaml import Node, Scalar, Unreadable
from knowledge.unseen import seen

_FIELDS = {"id", "department", "protected", "valid_until"}
DOCUMENT_FIELDS = frozenset({"title", "department", "language", "valid_until"})
"""What may stand in front of a document."""
_LANGUAGE = range(2, 4)
"""Letters of a language code: ISO 639-1 or 639-3."""
_MARKUP = re.compile(r"[<>#*_`\[\]]")
_MARKS = (
    (re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL), " "),
    (re.compile(r"</?[a-zA-Z][^<>]*>"), " "),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)"), r"\1"),
    (re.compile(r"^[ \t]*(?:#{1,6}|>|[*+-])[ \t]+", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__|`{1,3})(?=\S)(.{1,200}?)(?<=\S)\1"), r"\2"),
)
"""What is markup, and what is left of it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is asked and answered, in one language."""

    question: str
    phrasings: tuple[str, ...]
    answer: str
    callers: tuple[str, ...] = ()
    """What callers said who wanted this: phrasings too, by which is seen, when the index is fitted,
    how often the best entry is the right one."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Every known way to ask, the question first."""
        return (self.question, *self.phrasings, *self.callers)


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


@dataclass(frozen=True, slots=True)
class Front:
    """A Markdown file, taken apart."""

    fields: plainyaml.Mapping
    body: str
    line: int
    """Where the body begins, from 1."""

    @property
    def of_document(self) -> bool:
        """Nothing is asked and answered in it: the body is all there is."""
        return self.fields.items.keys() <= DOCUMENT_FIELDS


def front(text: str) -> Front:
    """Raises Unreadable. A text without front matter is all body; empty lines may stand before."""
    lines = text.replace("\r\n", "\n").split("\n")
    first = next((at for at, line in enumerate(lines) if seen(line).strip()), 0)
    if seen(lines[first]).strip() != "---":
        return Front(plainyaml.Mapping({}, 1), "\n".join(lines), 1)
    following = range(first + 1, len(lines))
    number = next((at for at in following if lines[at].rstrip() == "---"), 0)
    if not number:
        raise Unreadable("expected a second `---` line after the fields", len(lines))
    tree = plainyaml.read("\n".join(lines[first + 1 : number]), first_line=first + 2)
    if not isinstance(tree, plainyaml.Mapping):
        raise Unreadable("expected fields such as `id:` between the `---` lines", tree.line)
    return Front(tree, "\n".join(lines[number + 1 :]), number + 2)


def entry(front: Front, today: date) -> tuple[Entry, int]:
    """The entry and the line of its id. Raises Unreadable."""
    tree = front.fields
    name = word(tree, "id")
    department = word(tree, "department") if "department" in tree.items else None
    valid_until = last_day(tree.items.get("valid_until"), today)
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
    made = Entry(
        id=name.text,
        department=department.text if department else "general",
        wordings=wordings,
        body=plain(front.body),
        valid_until=valid_until,
        protected=_protected(tree.items.get("protected")),
    )
    return made, name.line


def plain(body: str) -> str:
    """A body without its markup; comments go with what they say."""
    text = seen(body)
    if _MARKUP.search(text):
        for pattern, rest in _MARKS:
            text = pattern.sub(rest, text)
    return text.strip()


def word(tree: plainyaml.Mapping, key: str) -> Scalar:
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


def last_day(node: Node | None, today: date) -> date | None:
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
        if key not in {"question", "phrasings", "answer", "callers"}:
            raise Unreadable(
                f"{language}: unknown field {key!r}; expected question, phrasings, answer or "
                "callers",
                value.line,
            )
    return Wording(
        question=_sentence(node, f"{language}.question"),
        phrasings=_phrases(node, f"{language}.phrasings"),
        answer=_sentence(node, f"{language}.answer"),
        callers=_phrases(node, f"{language}.callers"),
    )


def _phrases(node: plainyaml.Mapping, path: str) -> tuple[str, ...]:
    texts = node.items.get(path.partition(".")[2], plainyaml.Sequence((), node.line))
    if not isinstance(texts, plainyaml.Sequence):
        raise Unreadable(f"{path}: expected a list of texts", texts.line)
    return tuple(_phrase(item, path) for item in texts.items)


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
    text = " ".join(seen(node.text).split())
    if not text:
        raise Unreadable(f"{path}: empty", node.line)
    return text
