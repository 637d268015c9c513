"""`answerline kb`: what the knowledge base would answer."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import orjson

from agent.jsonl import NoText, read
from agent.settings import Settings
from knowledge import ingest
from knowledge.ask import Asked, ask
from knowledge.index import Index
from knowledge.language import Detector
from knowledge.routing import Thresholds

if TYPE_CHECKING:
    from rich.console import Console

Ask = Callable[[str, str], Asked]


def open_library(settings: Settings, folder: Path | None, warn: Callable[[str], None]) -> Ask:
    """A function of a question and its language ("" to have it guessed); `warn` of bad files."""
    today = datetime.now(UTC).date()
    shipped = ingest.ingest(ingest.shipped(), today)
    folder = folder or settings.knowledge_dir
    content = ingest.ingest(folder, today) if folder is not None else shipped
    for problem in content.problems:
        warn(str(problem))
    if not content.entries:
        warn(f"{folder}: no entry that can be used")
    index = Index.build(content.entries)
    detector = Detector.build([*content.entries, *shipped.entries], settings.languages)
    thresholds = Thresholds(settings.routing_answer_threshold, settings.routing_model_threshold)
    available = bool(settings.models)

    def asked(text: str, language: str) -> Asked:
        return ask(
            index,
            text,
            language or None,
            detector=detector,
            thresholds=thresholds,
            model_available=available,
        )

    return asked


def answer_lines(
    asked: Ask, source: TextIO, sink: TextIO, language: str, warn: Callable[[str], None]
) -> None:
    """A question a line in, a JSON object a line out, in the same order."""
    for number, line in enumerate(source, 1):
        try:
            text, spoken = read(line)
        except NoText as error:
            warn(f"line {number}: {error}")
            text = spoken = ""
        sink.write(orjson.dumps(asdict(asked(text, spoken or language))).decode() + "\n")
        sink.flush()


def show(found: Asked, console: "Console") -> None:
    from rich.markup import escape  # noqa: PLC0415 (25 ms that lines of JSON need not wait)

    unsure = f"[dim]nothing is sure enough ({found.route})[/]"
    console.print(escape(found.answer) or unsure, soft_wrap=True)
    console.print(
        f"[dim]{found.route} {found.confidence:.2f}  best entry: {found.entry or 'none'} "
        f"({found.department or '–'})  {found.seconds * 1000:.1f} ms[/]",
        soft_wrap=True,
    )
