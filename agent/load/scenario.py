"""What the simulated callers do: a mix of conversations made from recordings."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from agent.load.mistakes import Mistake
from agent.simulators.twilio import (
    Clip,
    Interrupt,
    Listen,
    Press,
    Say,
    Script,
    Step,
    Unreadable,
)

MANIFEST = "manifest.json"
LONGEST = 12.0
"""Seconds of a recording; longer ones are conversations rather than questions."""
PAUSE = 1.0
"""Seconds of silence after which a caller takes the agent to have finished."""


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    make: Callable[[random.Random], Script]
    """A new script for each call."""
    weight: float = 1.0


def read_clips(folder: Path, *, language: str = "") -> list[Clip]:
    """The WAVs of a folder; with `language` only those that its manifest lists in that one.

    A manifest is a JSON list of `{"id": file's stem, "transcript": …, "language": …}`, where an
    empty transcript says that there is no speech. Raises `Mistake`.
    """
    if not folder.is_dir():
        raise Mistake(f"recordings: {folder} is no folder")
    listed = _manifest(folder / MANIFEST)
    clips = []
    for path in sorted(folder.glob("*.wav")):
        transcript, spoken = listed.get(path.stem, (None, ""))
        if transcript == "" or (language and spoken != language):
            continue
        try:
            clip = Clip.read(path, transcript=transcript or "", language=spoken)
        except Unreadable as error:
            raise Mistake(f"recordings: {error}") from error
        if 0 < clip.seconds <= LONGEST:
            clips.append(clip.trimmed())
    if not clips:
        wanted = f" in {language!r}" if language else ""
        raise Mistake(f"recordings: no WAV of speech{wanted} up to {LONGEST:g} s in {folder}")
    return clips


def _manifest(path: Path) -> dict[str, tuple[str | None, str]]:
    if not path.exists():
        return {}
    try:
        rows = orjson.loads(path.read_bytes())
        return {
            str(row.get("id") or Path(str(row["wav"])).stem): (
                row.get("transcript"),
                str(row.get("language") or ""),
            )
            for row in rows
        }
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise Mistake(f'{path}: expected a JSON list of {{"id", "transcript"}}') from error


def mix(clips: Sequence[Clip], *, questions: int = 3) -> tuple[Scenario, ...]:
    """Seven of ten callers ask, two interrupt, one presses a key as well."""
    if not clips:
        raise Mistake("recordings: none were given")
    listen = Listen(pause=PAUSE)

    def pick(chance: random.Random) -> Clip:
        return clips[chance.randrange(len(clips))]

    def ask(chance: random.Random) -> list[Step]:
        steps: list[Step] = [listen]
        for _ in range(questions):
            steps += [Say(pick(chance)), listen]
        return steps

    def interrupt(chance: random.Random) -> list[Step]:
        return [
            Interrupt(pick(chance), after=0.5 + chance.random()),
            listen,
            Say(pick(chance)),
            listen,
        ]

    def press(chance: random.Random) -> list[Step]:
        return [listen, Say(pick(chance)), listen, Press("1")]

    return (
        Scenario("ask", ask, 7),
        Scenario("interrupt", interrupt, 2),
        Scenario("press", press, 1),
    )
