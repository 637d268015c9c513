"""What a call masks, applied to lines of text."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

import orjson

from agent.jsonl import Calls, Line, answer
from knowledge import persona
from knowledge.privacy import Redactor
from knowledge.sanitizing import sanitize

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings.light import Light


@dataclass(frozen=True, slots=True)
class Masked:
    text: str
    kinds: tuple[str, ...]
    seconds: float


class Masking:
    """Every call has its own memory of what was begun; a text of no call has none."""

    def __init__(self, numbers: Mapping[str, str], *, longest: int) -> None:
        """`numbers`: as in `Redactor`. `longest`: characters of a text that are read."""
        self._longest = longest
        self._calls = Calls(lambda: Redactor(numbers, today=datetime.now(UTC).date()))

    def __call__(self, text: str, call: str = "") -> Masked:
        redactor = self._calls.of(call)
        began = perf_counter()
        found = redactor.read(sanitize(text, longest=self._longest).text)
        return Masked(found.text, found.kinds, round(perf_counter() - began, 6))

    def lines(self, source: TextIO, sink: TextIO, warn: Callable[[str], None]) -> None:
        """A text a line in, a JSON object a line out, in the same order."""

        def mask(number: int, said: Line) -> Masked:
            if len(said.text) > self._longest:
                warn(f"line {number}: only its first {self._longest} characters are read")
            return self(said.text, said.call)

        answer(source, sink, warn, mask)


def open_masking(settings: "Settings | Light", knowledge: Path | None) -> Masking:
    """`knowledge`: in place of the settings' folder. Raises PersonaError."""
    agent = persona.load(knowledge or settings.knowledge_dir)
    return Masking(agent.numbers, longest=settings.input_processing_max_text_length)


def line(found: Masked) -> str:
    return orjson.dumps(asdict(found)).decode()
