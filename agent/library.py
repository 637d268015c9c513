"""What the knowledge base would answer, without a service: `answerline kb ask`."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import orjson

from agent.jsonl import answer
from agent.meaning import Meaning, measured
from knowledge import edition
from knowledge.answers import Question
from knowledge.ask import Found, ask
from knowledge.edition import Content, Progress
from knowledge.fitted import Fitted, fittable, fitted_file, fitted_to
from knowledge.index import Index
from knowledge.kept import Kept
from knowledge.language import Detector
from knowledge.routing import Thresholds

if TYPE_CHECKING:
    from rich.console import Console

    from agent.settings import Settings
    from agent.settings.light import Light

Ask = Callable[[str, str], Found]
FITTING = 120.0
"""Seconds that questions wait for a fit."""
WORTH = range(100, 4001)
"""Phrasings that are fitted to while somebody waits: in fewer there is too little to see, and of
more the shipped coefficients say nearly the same (of 7,194: a calibration error of 0.024 without
and 0.027 with a fit; of 800: 0.099 and 0.060)."""


def kept(settings: "Settings | Light") -> Kept:
    return Kept(settings.data_dir / "kept")


def read(
    settings: "Settings | Light", folder: Path | None, progress: Progress | None = None
) -> Content:
    """None: the shipped content."""
    today = datetime.now(UTC).date()
    return edition.gather(
        folder, today, languages=settings.languages, kept=kept(settings), progress=progress
    )


@contextmanager
def open_library(
    settings: "Settings | Light",
    folder: Path | None,
    warn: Callable[[str], None],
    *,
    many: bool = False,
) -> Iterator[Ask]:
    """A function of a question and its language ("" to have it guessed); `warn` of bad files.

    `many`: so many questions are asked that they may wait until the index is fitted to a content
    that is new to it. A single one would wait for longer than it is worth.
    """
    folder = folder or settings.knowledge_dir
    content = read(settings, folder)
    for problem in content.problems:
        warn(str(problem))
    if not content.entries:
        warn(f"{folder}: no entry that can be used")
    fitted = fitted_to(content.entries, fitted_file(settings.data_dir, folder))
    if fitted is None and many:
        fitted = _fit(settings, folder, content, warn)
    index = Index.build(content.entries, fitted=fitted)
    meaning = Meaning(settings, folder, content, index, warn)
    thresholds = Thresholds(settings.routing_answer_threshold, settings.routing_model_threshold)
    detector = detector_of(settings, content, folder)
    available = bool(settings.models)

    def asked(text: str, language: str) -> Found:
        meaning.prepare(Question(text, language or detector.detect(text).language))
        return ask(
            meaning,
            text,
            language or None,
            detector=detector,
            thresholds=thresholds,
            model_available=available,
        )

    try:
        yield asked
    finally:
        meaning.close()


def _fit(
    settings: "Settings | Light", folder: Path | None, content: Content, warn: Callable[[str], None]
) -> Fitted | None:
    """To some of the phrasings, once; `kb sync` takes its time, and all of them."""
    told = sum(len(of.asked) for entry in content.entries for of in entry.wordings.values())
    if told not in WORTH or not fittable(content.entries) or find_spec("sklearn") is None:
        return None
    file, near = fitted_file(settings.data_dir, folder), measured(settings, content)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(file.parent, os.W_OK):
        return None  # it would be fitted each time
    import asyncio  # noqa: PLC0415 (a tenth of a second, as the next)

    from agent.calibrating import Uncalibrated, calibrate  # noqa: PLC0415

    warn(f"fitting to {told} phrasings that are new, once: {FITTING:.0f} s at most")
    try:
        asyncio.run(calibrate(file, folder, near=near, quick=True, within=FITTING))
    except Uncalibrated as error:
        warn(f"{error}: the shipped coefficients serve")
    return fitted_to(content.entries, file)


def detector_of(settings: "Settings | Light", content: Content, folder: Path | None) -> Detector:
    """A small folder says too little of a language: the shipped content helps."""
    spoken = [
        (language, *wording.asked, wording.answer)
        for entry in content.entries
        for language, wording in entry.wordings.items()
    ]
    key = Kept.key("detector", edition.VERSION, orjson.dumps((settings.languages, spoken)))
    known = kept(settings).get(key)
    if known is not None:
        try:
            return Detector.decode(known)
        except ValueError:
            pass  # damaged: counted again
    shipped = read(settings, None).entries if folder is not None else ()
    detector = Detector.build([*content.entries, *shipped], settings.languages)
    kept(settings).put(key, detector.encode())
    return detector


def answer_lines(
    asked: Ask, source: TextIO, sink: TextIO, language: str, warn: Callable[[str], None]
) -> None:
    """A question a line in, a JSON object a line out, in the same order."""
    answer(source, sink, warn, lambda _, said: asked(said.text, said.language or language).asked)


def show(found: Found, console: "Console") -> None:
    from rich.markup import escape  # noqa: PLC0415 (25 ms that lines of JSON need not wait)

    asked, best = found
    why = best.barred if best and best.barred else "nothing is sure enough"
    unsure = f"[dim]{why} ({asked.route})[/]"
    console.print(escape(asked.answer) or unsure, soft_wrap=True)
    console.print(
        f"[dim]{asked.route} {asked.confidence:.2f}  best entry: {asked.entry or 'none'} "
        f"({asked.department or '–'})  {asked.seconds * 1000:.1f} ms[/]",
        soft_wrap=True,
    )
