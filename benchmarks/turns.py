"""End of turn on recorded speech: how soon it is decided, how often a pause is taken for an end.

`python -m benchmarks.turns [FOLDER]`: the folder holds WAV files (8 kHz mono) and manifest.json.
Audio time, not real time: what the recogniser and the network add is not in these figures.
"""

import json
import statistics
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from processors.turns.endpointing import Pause, silence
from processors.turns.hear import EARLY, PAUSE, START, STOP, SURE, VOICE
from processors.turns.silero import RATE, WINDOW, Activity, Silero
from processors.turns.smartturn import LONGEST, SmartTurn

PATIENCE = 1.2
HEARD = 0.15
"""Seconds from a decision to an audible answer, at the least."""
SECONDS = WINDOW / RATE


@dataclass
class Clip:
    name: str
    language: str
    pcm: bytes
    transcript: str


@dataclass
class Figures:
    delays: list[float] = field(default_factory=list)
    """Seconds from the last voiced window to the decision."""
    pauses: int = 0
    cut: list[str] = field(default_factory=list)
    """Clips in which a pause was taken for the end."""
    heard: list[str] = field(default_factory=list)
    """Of these, the ones in which the answer began before the caller went on."""

    def percentile(self, share: float) -> float:
        ranked = sorted(self.delays)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def clips(folder: Path) -> Iterator[Clip]:
    """Single utterances: no noise, no call of two speakers."""
    for entry in json.loads((folder / "manifest.json").read_text()):
        kinds = set(entry["kind"])
        language = entry["language"][:2]
        if language not in {"en", "es"} or entry["duration"] > 20 or "made-by-mixing" in kinds:
            continue
        with wave.open(str(folder / f"{entry['id']}.wav")) as file:
            yield Clip(
                entry["id"], language, file.readframes(file.getnframes()), entry["transcript"] or ""
            )


Speech = tuple[float, float, float | None]
"""Start, last voiced second, and the verdict on its sound where one is made."""


def speeches(model: Silero, pcm: bytes, smart_turn: SmartTurn | None) -> list[Speech]:
    """Each speech that the detector finds, as `Hear` ends it."""
    activity, found = Activity(model), []
    voice = quiet = 0
    verdict: float | None = None
    start = last = 0.0
    speaking = False
    for step in range(0, len(pcm), 320):
        now = (step + 320) / 2 / RATE
        for probability in activity.feed(pcm[step : step + 320], speaking=speaking or voice > 0):
            if probability >= VOICE:
                voice, quiet, last = voice + 1, 0, now
            else:
                quiet += 1
                voice = voice if speaking else 0
            if not speaking and voice >= START:
                speaking, start = True, now - START * SECONDS
            elif speaking and quiet == PAUSE:
                verdict = judge(smart_turn, pcm, last + PAUSE * SECONDS) if smart_turn else None
            elif speaking and quiet >= (EARLY if (verdict or 0.0) > SURE[1] else STOP):
                if smart_turn and verdict is not None and SURE[0] < verdict < SURE[1]:
                    verdict = judge(smart_turn, pcm, last + STOP * SECONDS)
                found.append((start, last, verdict))
                speaking, voice = False, 0
    return found


def judge(smart_turn: SmartTurn, pcm: bytes, at: float) -> float:
    """The verdict on what was said until `at`, in seconds."""
    end = int(at * RATE) * 2
    return smart_turn._judge(pcm[max(0, end - int(LONGEST * RATE * 2)) : end])


def said(transcript: str, found: list[Speech], number: int) -> str:
    """The words up to the end of this speech, by its share of all that was spoken."""
    spoken = [last - start for start, last, _ in found]
    words = transcript.split()
    return " ".join(words[: round(len(words) * sum(spoken[: number + 1]) / sum(spoken))])


def measure(folder: Path) -> dict[str, Figures]:
    """By language."""
    model, smart_turn = Silero(), SmartTurn()
    figures: dict[str, Figures] = {"en": Figures(), "es": Figures()}
    for clip in clips(folder):
        figure = figures[clip.language]
        pcm = clip.pcm + bytes(4 * RATE * 2)
        judged = clip.language == "en"
        found = speeches(model, pcm, smart_turn if judged else None)
        for number, (_, last, verdict) in enumerate(found):
            final = number == len(found) - 1
            text = said(clip.transcript, found, number)
            needed = silence(Pause(text, verdict, judged), PATIENCE)
            if final:
                stopped = EARLY if (verdict or 0.0) > SURE[1] else STOP
                figure.delays.append(max(needed, stopped * SECONDS))
                continue
            figure.pauses += 1
            late = found[number + 1][0] - (last + needed)
            figure.cut += [clip.name] * (late > 0)
            figure.heard += [clip.name] * (late > HEARD)
    smart_turn.close()
    return figures


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/audio")
    for language, figure in measure(folder).items():
        print(
            f"{language}: {len(figure.delays)} utterances, decision p50 "
            f"{statistics.median(figure.delays):.2f} s, p95 {figure.percentile(0.95):.2f} s; "
            f"{figure.pauses} pauses inside, {len(figure.cut)} cut, "
            f"{len(figure.heard)} of them heard ({', '.join(figure.heard)})"
        )


if __name__ == "__main__":
    main()
