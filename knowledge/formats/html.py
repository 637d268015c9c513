"""HTML: the text that is shown, under its headings; what is hidden is not read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from knowledge.documents import Parsed, Section

LINE = "data-source-line"
"""Attribute with the line of the source, where another format was rendered to HTML."""
_TAGS_UNSHOWN = (
    "script style noscript template iframe object embed svg math head form button select textarea "
    "nav footer dialog"
)
_TAGS_OF_BLOCKS = (
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure "
    "header hr html legend li main ol p pre section summary table tbody tfoot thead tr ul"
)
_UNSHOWN = frozenset(_TAGS_UNSHOWN.split())
_BLOCKS = frozenset(_TAGS_OF_BLOCKS.split())
_CELLS = frozenset({"td", "th"})
_HIDING = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|font-size:0(?![.\d]*[1-9])|opacity:0(?![.\d]*[1-9])"
    r"|text-indent:-\d{3}|(?:left|top):-\d{3}"
)
_DEEPEST = 1000
"""Levels of elements; what lies deeper is not read."""


def read(data: bytes) -> Parsed:
    return sections(data.decode())


def sections(page: str) -> Parsed:
    tree = LexborHTMLParser(page)
    root = tree.css_first("main") or tree.css_first("article") or tree.body
    if root is None:
        return Parsed()
    walk = _Walk()
    walk.read(root)
    title = tree.css_first("title")
    language = (tree.root.attributes.get("lang") if tree.root is not None else None) or ""
    return Parsed(
        sections=tuple(walk.sections()),
        title=" ".join(title.text().split()) if title is not None else "",
        language=language.replace("_", "-").partition("-")[0].strip().lower(),
    )


@dataclass(slots=True)
class _Part:
    headings: tuple[str, ...]
    line: int
    blocks: list[str] = field(default_factory=list)


class _Walk:
    """The document in its order."""

    def __init__(self) -> None:
        self._parts = [_Part((), 1)]
        self._headings: list[tuple[int, str]] = []
        self._text: list[str] = []

    def read(self, root: LexborNode) -> None:
        steps: list[tuple[LexborNode, int, bool]] = [(root, 0, False)]
        while steps:
            node, depth, leaving = steps.pop()
            tag = node.tag or ""
            if leaving:
                self._leave(tag)
            elif node.is_text_node:
                self._text.append(node.text_content or "")
            elif node.is_element_node and depth < _DEEPEST and not _hidden(node, tag):
                self._enter(node, tag)
                steps.append((node, depth, True))
                inside = [*node.iter(include_text=True)]
                steps += [(child, depth + 1, False) for child in reversed(inside)]
        self._end_of_block()

    def sections(self) -> Iterator[Section]:
        for part in self._parts:
            if part.blocks:
                yield Section(part.headings, "\n\n".join(part.blocks), part.line)

    def _enter(self, node: LexborNode, tag: str) -> None:
        if tag == "br":
            self._text.append(" ")
        elif tag in _BLOCKS or _level(tag):
            self._end_of_block()
            line = node.attributes.get(LINE) or ""
            if line.isdecimal() and (_level(tag) or not self._parts[-1].blocks):
                self._parts[-1].line = int(line)

    def _leave(self, tag: str) -> None:
        level = _level(tag)
        if level:
            self._head(level, " ".join("".join(self._text).split()))
            self._text.clear()
        elif tag in _CELLS:
            self._text.append(" ; ")
        elif tag in _BLOCKS:
            self._end_of_block()

    def _head(self, level: int, text: str) -> None:
        if not text:
            return
        self._headings = [known for known in self._headings if known[0] < level]
        self._headings.append((level, text))
        self._parts.append(_Part(tuple(known for _, known in self._headings), self._parts[-1].line))

    def _end_of_block(self) -> None:
        text = " ".join("".join(self._text).split()).rstrip("; ").replace(" ;", ";")
        self._text.clear()
        if text:
            self._parts[-1].blocks.append(text)


def _level(tag: str) -> int:
    """1 to 6 of a heading, else 0."""
    return int(tag[1]) if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456" else 0  # noqa: PLR2004


def _hidden(node: LexborNode, tag: str) -> bool:
    attributes = node.attributes
    style = "".join((attributes.get("style") or "").split()).lower()
    return (
        tag in _UNSHOWN
        or "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or (bool(style) and _HIDING.search(style) is not None)
    )
