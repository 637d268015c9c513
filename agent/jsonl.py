"""Lines in, as every command with `--jsonl` takes them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TextIO, TypeVar

import orjson

T = TypeVar("T")
MOST_CALLS = 10_000
"""Calls that are remembered; the one unheard of for longest is forgotten."""


class Calls(Generic[T]):
    """What each call in the input has of its own; a line of no call has one for itself."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._known: OrderedDict[str, T] = OrderedDict()

    def of(self, call: str) -> T:
        if not call:
            return self._make()
        if call not in self._known:
            self._known[call] = self._make()
        self._known.move_to_end(call)
        if len(self._known) > MOST_CALLS:
            self._known.popitem(last=False)
        return self._known[call]


class NoText(ValueError):
    """A JSON object without the one field that is needed."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is not given is ""."""

    text: str
    language: str = ""
    call: str = ""
    """Lines of one call are its successive utterances."""


def read(line: str) -> Line:
    """What is no JSON object is the text itself. Raises NoText."""
    line = line.strip().removeprefix("\ufeff")
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        item = None
    if not isinstance(item, dict):
        return Line(line)
    text, language, call = item.get("text"), item.get("language"), item.get("call")
    if not isinstance(text, str):
        raise NoText('expected {"text": "…"} or plain text')
    return Line(
        text.strip(),
        code(language) if isinstance(language, str) else "",
        str(call) if isinstance(call, str | int) else "",
    )


def answer(
    source: TextIO,
    sink: TextIO,
    warn: Callable[[str], None],
    made: Callable[[int, Line], object],
) -> None:
    """A dataclass `made(number, line)` for each line, as a JSON object, in the same order.

    A line without a text is told, and answered as an empty one.
    """
    for number, text in enumerate(source, 1):
        try:
            line = read(text)
        except NoText as error:
            warn(f"line {number}: {error}")
            line = Line("")
        sink.write(orjson.dumps(made(number, line)).decode() + "\n")
        sink.flush()


def code(language: str) -> str:
    """`es` of what may be written `es-MX`."""
    return language.replace("_", "-").partition("-")[0].strip().lower()
