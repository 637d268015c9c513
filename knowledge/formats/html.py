"""HTML: the text that is shown, under its headings; what is hidden is not read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

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
    r"display:none|visibility:(?:hidden|collapse)|(?:font|font-size|opacity):\.?0(?![.\d]*[1-9])"
    r"|text-indent:-\d{3}|(?:left|top):-\d{3}"
)
_COMMENT = re.compile(r"/\*.*?\*/")
_INK = re.compile(r"(?:^|;)color:([^;!]+)")
_PAPER = re.compile(r"(?:^|;)background(?:-color|-image)?:([^;!]+)")
_CLEAR = re.compile(
    r"transparent|#[0-9a-f]{3}0|#[0-9a-f]{6}00"
    r"|(?:rgb|hsl)a?\((?:[^,()]+,){3}0*\.?0*%?\)|(?:rgb|hsl)a?\([^,()]+/0*\.?0*%?\)"
)
_WHITE = re.compile(
    r"white(?:smoke)?|ghostwhite|floralwhite|snow|ivory|#fff|#(?:f[0-9a-f]){3}"
    r"|rgba?\(25\d,?25\d,?25\d(?:[,/][^()]*)?\)"
)
_NO_PAPER = frozenset({"", "none", "inherit", "initial", "unset"})
_QUOTED = 60
"""Characters."""
_DEEPEST = 1000
"""Levels of elements; what lies deeper is not read."""

Attributes: TypeAlias = Mapping[str, str | None]


def read(data: bytes) -> Parsed:
    return sections(data.decode())


def sections(page: str, source: str = "") -> Parsed:
    """`source`: what the page was rendered from, to name lines of."""
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
        notes=(_note(walk.pale, source or page),) if walk.pale else (),
    )


def _note(pale: Sequence[str], source: str) -> tuple[int, str]:
    line = source.count("\n", 0, max(0, source.find(pale[0]))) + 1
    more = f", and {len(pale) - 1:,} more" if len(pale) > 1 else ""
    return line, f"text that its colour hides was left out: {pale[0][:_QUOTED]!r}{more}"


@dataclass(slots=True)
class _Part:
    headings: tuple[str, ...]
    line: int
    blocks: list[str] = field(default_factory=list)


class _Walk:
    """The document in its order."""

    def __init__(self) -> None:
        self.pale: list[str] = []
        """The first line of each text that its colour hides."""
        self._papers: list[str] = []
        """What lies behind the text, at each element on the way to it."""
        self._parts = [_Part((), 1)]
        self._headings: list[tuple[int, str]] = []
        self._text: list[str] = []

    def read(self, root: LexborNode) -> None:
        self._papers = [_behind(root)]
        steps: list[tuple[LexborNode, int, bool]] = [(root, 0, False)]
        while steps:
            node, depth, leaving = steps.pop()
            tag = node.tag or ""
            if leaving:
                self._papers.pop()
                self._leave(tag)
            elif node.is_text_node:
                self._text.append(node.text_content or "")
            elif node.is_element_node and depth < _DEEPEST and self._shows(node, tag):
                self._enter(node, tag)
                steps.append((node, depth, True))
                inside = [*node.iter(include_text=True)]
                steps += [(child, depth + 1, False) for child in reversed(inside)]
        self._end_of_block()

    def sections(self) -> Iterator[Section]:
        for part in self._parts:
            if part.blocks:
                yield Section(part.headings, "\n\n".join(part.blocks), part.line)

    def _shows(self, node: LexborNode, tag: str) -> bool:
        """What lies behind a shown text is known until its element is left."""
        attributes = node.attributes
        style = _style(attributes)
        if _hidden(tag, attributes, style):
            return False
        paper = _paper(attributes, style) or self._papers[-1]
        text = node.text().strip() if _pale(tag, attributes, style, paper) else ""
        if text:
            self.pale.append(text.partition("\n")[0])
            return False
        self._papers.append(paper)
        return True

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


def _hidden(tag: str, attributes: Attributes, style: str) -> bool:
    return (
        tag in _UNSHOWN
        or "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or (bool(style) and _HIDING.search(style) is not None)
    )


def _pale(tag: str, attributes: Attributes, style: str, paper: str) -> bool:
    """True for text without a colour, and for white on white."""
    named = _INK.search(style) if style else None
    ink = named[1] if named else _value(attributes, "color") if tag == "font" else ""
    if _CLEAR.fullmatch(ink):
        return "background-clip:text" not in style
    return bool(_WHITE.fullmatch(ink) and _WHITE.fullmatch(paper))


def _behind(node: LexborNode | None) -> str:
    while node is not None:
        paper = _paper(node.attributes, _style(node.attributes))
        if paper:
            return paper
        node = node.parent
    return "white"


def _paper(attributes: Attributes, style: str) -> str:
    """The colour or picture that an element puts behind its text, or ""."""
    named = [str(found[1]) for found in _PAPER.finditer(style)]
    for paper in (*named, _value(attributes, "bgcolor")):
        if paper not in _NO_PAPER and not _CLEAR.fullmatch(paper):
            return paper
    return ""


def _style(attributes: Attributes) -> str:
    return _COMMENT.sub("", _value(attributes, "style"))


def _value(attributes: Attributes, name: str) -> str:
    """In lower case, without spaces."""
    return "".join((attributes.get(name) or "").split()).lower()
