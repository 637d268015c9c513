"""What the callers say: recorded speech where there is some, else the embedded voice."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from agent.simulators.twilio import Clip

LONGEST = 7.5
SHORTEST = 0.8
"""Seconds."""
SHORT = 3.0
"""Seconds of the questions that a talking caller asks again and again."""
UNFIT = ("pauses", "digits", "noise", "telephone", "two-speaker", "double-talk")
"""Kinds that are more than one turn, or not speech."""
SPOKEN = (
    "How old is the bridge over the river?",
    "What is the weather going to be like tomorrow?",
    "The child almost hurt the small dog.",
    "He might have been amiable himself.",
    "Thunderstorms could produce large hail and heavy rain.",
    "Hello, my name is Marcelo, and I have a question.",
)
"""Nothing that the knowledge base is sure of: both sides ask the model."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that callers say in a run."""

    unknown: list[Clip]
    """The knowledge base has no answer: both sides ask the model."""
    sure: list[Clip]
    """It surely has one."""


def folder() -> Path | None:
    """ANSWERLINE_AUDIO, or ../shared/audio; None where neither is there."""
    named = os.environ.get("ANSWERLINE_AUDIO")
    path = Path(named) if named else Path("../shared/audio")
    return path if (path / "manifest.json").is_file() else None


async def read() -> list[Clip]:
    """English, one turn each, with a transcript."""
    path = folder()
    return await _spoken() if path is None else _recorded(path)


def questions(clips: list[Clip]) -> list[Clip]:
    """The short ones: what a caller says every ten seconds."""
    short = [clip for clip in clips if 1.0 <= _length(clip) <= SHORT]
    return short[:6] or clips


def _recorded(path: Path) -> list[Clip]:
    clips = []
    for entry in json.loads((path / "manifest.json").read_text("utf-8")):
        text, kinds = entry.get("transcript"), " ".join(entry["kind"])
        if not text or entry["language"] != "en" or any(word in kinds for word in UNFIT):
            continue
        clip = Clip.read(path / f"{entry['id']}.wav", transcript=text, language="en").trimmed()
        if SHORTEST <= clip.seconds <= LONGEST:
            clips.append(clip)
    return clips


async def _spoken() -> list[Clip]:
    from processors.voice.local import Local  # noqa: PLC0415

    mouth = Local(["en"])
    try:
        return [
            Clip(text, await mouth.synthesize(text, "en", speaker="caller"), text, "en").trimmed()
            for text in SPOKEN
        ]
    finally:
        mouth.close()


def _length(clip: Clip) -> float:
    begin, end = clip.bounds
    return end - begin
