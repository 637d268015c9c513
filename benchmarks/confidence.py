"""Fits the coefficients of `knowledge.confidence`: `python -m benchmarks.confidence`.

Many small knowledge bases are drawn, from the shipped content and (where `../shared/data` is) from
Banking77 and CLINC150; each is asked what it knows in other words, with and without a recogniser's
mistakes, and what it cannot know. Same seed, same coefficients.
"""

import csv
import json
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.noise import Noise
from knowledge.ingest import Entry, Wording, ingest, shipped
from knowledge.tongue import Tongue
from knowledge.words import lexicon

DATA = Path(os.environ.get("ANSWERLINE_DATA", "../shared/data"))
SEED = 7
RIDGE = 1e-4
SIZES = (1, 1, 2, 3, 5, 10, 30, 60, 200, 200, 200, 200)
EXAMPLES = (1, 2, 2, 3, 5, 8, 11, 11)
"""Phrasings per entry."""
MISHEARD = 0.3
"""Share of the questions in which the recogniser makes mistakes."""
POLITE = {
    "en": (
        ("so ", ""), ("", " please"), ("hi ", ""), ("can you tell me ", ""), ("um ", " thanks"),
        ("hello i wanted to ask ", ""), ("i would like to know ", " please"), ("okay and ", ""),
    ),
    "es": (
        ("hola ", ""), ("", " por favor"), ("pues ", ""), ("me puede decir ", ""),
        ("quisiera saber ", " gracias"), ("buenos días ", ""), ("oiga ", ""), ("eh ", ""),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    name: str
    language: str
    topics: tuple[tuple[str, ...], ...]
    """Of each entry, the ways to ask."""
    answers: tuple[str, ...]
    foreign: tuple[str, ...]
    """What no entry answers."""
    share: float


def sources() -> list[Source]:
    content = ingest(shipped(), date.min).entries
    found = []
    for language, share in (("en", 0.45), ("es", 0.35)):
        wordings = [entry.wordings[language] for entry in content]
        found.append(
            Source(
                f"shipped {language}",
                language,
                tuple(wording.asked for wording in wordings),
                tuple(wording.answer for wording in wordings),
                foreign(language),
                share,
            )
        )
    return [*found, *public()] if DATA.is_dir() else found


def foreign(language: str) -> tuple[str, ...]:
    file = resources.files("knowledge") / "out_of_scope" / f"{language}.txt"
    return tuple(file.read_text(encoding="utf-8").splitlines())


def public() -> list[Source]:
    banking: dict[str, list[str]] = {}
    with (DATA / "banking77/train.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            banking.setdefault(row["category"], []).append(row["text"])
    clinc = json.loads((DATA / "clinc150/train_val.json").read_text(encoding="utf-8"))
    intents: dict[str, list[str]] = {}
    for text, intent in clinc["train"]:
        intents.setdefault(intent, []).append(text)
    strange = tuple(text for text, _ in clinc["oos_train"] + clinc["oos_val"])
    return [
        Source(name, "en", topics, ("",) * len(topics), strange + foreign("en"), share)
        for name, topics, share in (
            ("Banking77", tuple(map(tuple, banking.values())), 0.08),
            ("CLINC150", tuple(map(tuple, intents.values())), 0.12),
        )
    ]


def samples(draws: int, rng: random.Random) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Signals, and 1 where the best entry was the right one."""
    known = sources()
    lexicons = {language: lexicon(language) for language in ("en", "es")}
    backgrounds = {
        language: {text: known.read(text) for text in foreign(language)}
        for language, known in lexicons.items()
    }
    vectors, right = [], []
    for _ in range(draws):
        source = rng.choices(known, [one.share for one in known])[0]
        size = min(rng.choice(SIZES), len(source.topics))
        chosen = rng.sample(range(len(source.topics)), size)
        entries, questions = draw(source, chosen, rng)
        common = rng.sample(sorted(backgrounds[source.language]), 90)
        strangers = [backgrounds[source.language][text] for text in common]
        tongue = Tongue(entries, source.language, lexicons, strangers)
        questions = [(text, topic) for text, topic in questions if text not in set(common)]
        for text, topic in questions:
            reading = lexicons[source.language].read(text)
            match = tongue.match(reading)
            if match is None or match.fixed:
                continue
            vectors.append(match.signals.vector())
            right.append(float(entries[match.entry].id == topic))
    return np.array(vectors), np.array(right)


def draw(
    source: Source, chosen: Sequence[int], rng: random.Random
) -> tuple[list[Entry], list[tuple[str, str]]]:
    """A knowledge base and questions, each with the id that is right or ""."""
    noise = Noise(source.topics, rng)
    most = rng.choice(EXAMPLES)
    entries, inside = [], []
    for topic in chosen:
        asked = list(source.topics[topic])
        if rng.random() < 0.7 and not source.name.startswith("shipped"):
            rng.shuffle(asked)
        first, *others = asked[:24]
        rng.shuffle(others)
        keep = max(1, most - rng.choice((0, 0, 1)))
        phrasings, held = others[: keep - 1], others[keep - 1 :]
        wording = Wording(first, tuple(phrasings), source.answers[topic])
        entries.append(Entry(str(topic), "any", {source.language: wording}))
        inside += [
            (noise(text, 0.1) if rng.random() < MISHEARD else text, str(topic))
            for text in rng.sample(held, min(2, len(held)))
        ]
        before, after = rng.choice(POLITE[source.language])
        inside.append((f"{before}{rng.choice((first, *phrasings))}{after}", str(topic)))
    inside = rng.sample(inside, min(len(inside), 90))
    rest = [topic for topic in range(len(source.topics)) if topic not in set(chosen)]
    near = [rng.choice(source.topics[topic]) for topic in rng.sample(rest, min(len(rest), 12))]
    count = max(3, len(inside) // 4)
    outside = rng.sample(source.foreign, count) + near[: max(2, len(inside) // 10)]
    return entries, inside + [(text, "") for text in outside]


def fit(vectors: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logistic regression by Newton's method with a small ridge."""
    weights = np.zeros(vectors.shape[1])
    penalty = RIDGE * len(right) * np.eye(vectors.shape[1])
    penalty[0, 0] = 0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-vectors @ weights))
        slope = vectors.T @ (chance - right) + penalty @ weights
        curve = (vectors * (chance * (1 - chance))[:, None]).T @ vectors + penalty
        step = np.linalg.solve(curve, slope)
        weights -= step * min(1.0, 5.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-8:
            break
    return weights


def calibration_error(chance: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Expected, over 15 equal bins."""
    bins = np.minimum((chance * 15).astype(int), 14)
    gaps = [
        (bins == at).mean() * abs(chance[bins == at].mean() - right[bins == at].mean())
        for at in range(15)
        if (bins == at).any()
    ]
    return float(sum(gaps))


def summary(chance: NDArray[np.float64], right: NDArray[np.float64]) -> Mapping[str, float]:
    sure = chance >= 0.9
    return {
        "samples": len(right),
        "right": right.mean(),
        "sure": sure.mean(),
        "right when sure": right[sure].mean(),
        "calibration error": calibration_error(chance, right),
    }


def main() -> None:
    rng = random.Random(SEED)
    vectors, right = samples(1200, rng)
    weights = fit(vectors, right)
    print("_COEFFICIENTS = (" + ", ".join(f"{weight:.3f}" for weight in weights) + ")")
    vectors, right = samples(300, rng)
    chance = 1 / (1 + np.exp(-vectors @ weights))
    print({name: round(value, 3) for name, value in summary(chance, right).items()})


if __name__ == "__main__":
    main()
