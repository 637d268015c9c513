"""Which language lines of text are in, as a call tells it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

import orjson

from agent import library
from agent.jsonl import Calls, answer
from knowledge.spoken import Languages, Speaking
from knowledge.strangers import Strangers

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings.light import Light


@dataclass(frozen=True, slots=True)
class Told:
    language: str
    confidence: float
    seconds: float


class Telling:
    """Lines of one call have what was spoken before for a prior; a text of no call has none."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages
        self._calls = Calls(lambda: Speaking(languages, languages.ours[0]))

    def __call__(self, text: str, call: str = "", tag: str = "") -> Told:
        """`tag`: the language that a recogniser reports."""
        began = perf_counter()
        guess = self._calls.of(call).heard(text, tag) if call else self._languages.guess(text)
        return Told(guess.language, round(guess.confidence, 4), round(perf_counter() - began, 6))

    def lines(self, source: TextIO, sink: TextIO, warn: Callable[[str], None]) -> None:
        """A text a line in, a JSON object a line out, in the same order."""
        answer(source, sink, warn, lambda _, said: self(said.text, said.call, said.language))


def open_telling(settings: "Settings | Light", knowledge: Path | None) -> Telling:
    """`knowledge`: in place of the settings' folder. Raises StrangersMissing."""
    folder = knowledge or settings.knowledge_dir
    content = library.read(settings, folder)
    detector = library.detector_of(settings, content, folder)
    return Telling(Languages(detector, settings.languages, Strangers.load()))


def line(told: Told) -> str:
    return orjson.dumps(asdict(told)).decode()
