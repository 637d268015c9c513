"""YAML as people write content: texts, lists and mappings, each with its line.

Every scalar stays the text it was written as, so `no` is a word and `no:` is Norwegian. Anchors,
tags and deep nesting have no use in content and are refused: what a file costs to read is bounded
by its size.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import yaml

DEPTH = 8
"""Levels of nesting that content ever needs."""
_NO_TEXT = re.compile(r"[-+]?[\d_]+(\.\d*)?|[-+]?\.\d+|true|false|null|~|", re.IGNORECASE)


class Unreadable(Exception):
    """A text that cannot be used, and the line (from 1) where it stops being usable."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    line: int
    quoted: bool

    @property
    def is_text(self) -> bool:
        """False where YAML would read a number, a truth value or nothing."""
        return self.quoted or _NO_TEXT.fullmatch(self.text) is None


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Node", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    items: dict[str, "Node"]
    line: int


Node: TypeAlias = Scalar | Sequence | Mapping


def read(text: str, first_line: int = 1) -> Node:
    """The document's tree. `first_line`: where the text begins in its file. Raises Unreadable."""
    try:
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return _Tree(events, first_line).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        raise Unreadable(f"not YAML: {reason}", first_line + (mark.line if mark else 0)) from error
    except yaml.YAMLError as error:
        raise Unreadable("not YAML: a character that may not stand in it", first_line) from error


class _Tree:
    def __init__(self, events: Iterator[yaml.Event], first_line: int) -> None:
        self._events = events
        self._first_line = first_line

    def document(self) -> Node:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise Unreadable("nothing in it", self._first_line)
        node = self._node(event, 0)
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._refuse("a second document; expected one", event)
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > DEPTH:
            self._refuse(f"nested deeper than {DEPTH} levels", event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse("anchors and aliases are not read", event)
        line = self._line(event)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, line, quoted=bool(event.style))
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(item, depth + 1))
            return Sequence(tuple(items), line)
        return self._mapping(line, depth)

    def _mapping(self, line: int, depth: int) -> Mapping:
        pairs: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                self._refuse("a key must be a word", event)
            if key.text in pairs:
                self._refuse(f"{key.text!r} stands here twice", event)
            pairs[key.text] = self._node(next(self._events), depth + 1)
        return Mapping(pairs, line)

    def _line(self, event: yaml.Event) -> int:
        mark = event.start_mark
        return self._first_line + (mark.line if mark else 0)

    def _refuse(self, reason: str, event: yaml.Event) -> NoReturn:
        raise Unreadable(reason, self._line(event))
