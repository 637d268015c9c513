"""Which language lines of text are in, as a call tells it."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

import orjson

from agent import library
from agent.jsonl import Line, NoText, read
from knowledge.spoken import Languages, Speaking
from knowledge.strangers import Strangers

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings.light import Light

MOST_CALLS = 10_000
"""Calls whose language is remembered; the ones unheard of for longest are forgotten."""


@dataclass(frozen=True, slots=True)
class Told:
    language: str
    confidence: float
    seconds: float


class Telling:
    """Lines of one call have what was spoken before for a prior; a text of no call has none."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages
        self._calls: OrderedDict[str, Speaking] = OrderedDict()

    def __call__(self, text: str, call: str = "", tag: str = "") -> Told:
        """`tag`: the language that a recogniser reports."""
        began = perf_counter()
        guess = self._speaking(call).heard(text, tag) if call else self._languages.guess(text)
        return Told(guess.language, round(guess.confidence, 4), round(perf_counter() - began, 6))

    def lines(self, source: TextIO, sink: TextIO, warn: Callable[[str], None]) -> None:
        """A text a line in, a JSON object a line out, in the same order."""
        for number, text in enumerate(source, 1):
            try:
                said = read(text)
            except NoText as error:
                warn(f"line {number}: {error}")
                said = Line("")
            sink.write(line(self(said.text, said.call, said.language)) + "\n")
            sink.flush()

    def _speaking(self, call: str) -> Speaking:
        speaking = self._calls.setdefault(call, Speaking(self._languages, self._languages.ours[0]))
        self._calls.move_to_end(call)
        if len(self._calls) > MOST_CALLS:
            self._calls.popitem(last=False)
        return speaking


def open_telling(settings: "Settings | Light", knowledge: Path | None) -> Telling:
    """`knowledge`: in place of the settings' folder. Raises StrangersMissing."""
    folder = knowledge or settings.knowledge_dir
    content = library.read(settings, folder)
    detector = library.detector_of(settings, content, folder)
    return Telling(Languages(detector, settings.languages, Strangers.load()))


def line(told: Told) -> str:
    return orjson.dumps(asdict(told)).decode()
