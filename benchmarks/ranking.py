"""Fits the weights by which `knowledge.tongue` ranks entries: `python -m benchmarks.ranking`.

Each known phrasing is held out once and has to find its entry by the others (shipped content, clean
and misheard); where `../shared/data` is, Banking77 and CLINC150 with few examples join in. The
weights maximise the probability of the right entry (conditional logit, Newton's method).
"""

import random
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from benchmarks.confidence import DATA, SEED, Source, foreign, public
from benchmarks.noise import Noise
from knowledge.ingest import Entry, Wording, ingest, shipped
from knowledge.tongue import Tongue
from knowledge.words import lexicon

RIDGE = 1e-3
LONGEST_STEP = 3.0
"""Newton's steps overshoot from far away."""
Case = tuple[NDArray[np.float64], int]
"""Features of every entry, and the entry that is right."""


def held_out(language: str, rate: float) -> list[Case]:
    """`rate`: share of the words that are misheard."""
    rng = random.Random(SEED)
    content = ingest(shipped(), date.min).entries
    words = lexicon(language)
    strangers = [words.read(text) for text in foreign(language)]
    noise = Noise([entry.wordings[language].asked for entry in content], rng)
    cases = []
    for fold in range(max(len(entry.wordings[language].asked) for entry in content)):
        entries, held = [], []
        for number, entry in enumerate(content):
            wording = entry.wordings[language]
            asked = list(wording.asked)
            if fold < len(asked):
                held.append((asked.pop(fold), number))
            rest = Wording(asked[0], tuple(asked[1:]), wording.answer)
            entries.append(replace(entry, wordings={language: rest}))
        tongue = Tongue(entries, language, {language: words, "en": lexicon("en")}, strangers)
        for text, number in held:
            heard = noise(text, rate) if rate else text
            cases.append((tongue.features(words.read(heard)).T.astype(float), number))
    return cases


def few_shot(source: Source, shots: int, questions: int) -> list[Case]:
    rng = random.Random(SEED)
    words = lexicon("en")
    entries, held = [], []
    for number, topic in enumerate(source.topics):
        asked = rng.sample(topic, shots + questions)
        wording = Wording(asked[0], tuple(asked[1:shots]), "")
        entries.append(Entry(str(number), "any", {"en": wording}))
        held += [(text, number) for text in asked[shots:]]
    strangers = [words.read(text) for text in foreign("en")]
    tongue = Tongue(entries, "en", {"en": words}, strangers)
    return [(tongue.features(words.read(text)).T.astype(float), number) for text, number in held]


def fit(groups: list[list[Case]]) -> NDArray[np.float64]:
    """Every group of cases weighs the same."""
    size = groups[0][0][0].shape[1]
    weights = np.zeros(size)
    for _ in range(60):
        slope, curve = RIDGE * weights, RIDGE * np.eye(size)
        for cases in groups:
            for features, right in cases:
                score = features @ weights
                chance = np.exp(score - score.max())
                chance /= chance.sum()
                mean = chance @ features
                slope += (mean - features[right]) / len(cases)
                spread = (features * chance[:, None]).T @ features - np.outer(mean, mean)
                curve += spread / len(cases)
        step = np.linalg.solve(curve, slope)
        weights -= step * min(1.0, LONGEST_STEP / np.abs(step).max())
        if np.abs(step).max() < 1e-6:
            break
    return weights


def accuracy(cases: list[Case], weights: NDArray[np.float64]) -> float:
    return float(np.mean([np.argmax(features @ weights) == right for features, right in cases]))


def main() -> None:
    groups = {
        f"{language}, {rate:.0%} misheard": held_out(language, rate)
        for language in ("en", "es")
        for rate in (0.0, 0.1)
    }
    if DATA.is_dir():
        for source in public():
            for shots in (3, 6, 12):
                groups[f"{source.name}, {shots} examples"] = few_shot(source, shots, 3)
    weights = fit(list(groups.values()))
    print("_RANKING:", ", ".join(f"{weight:.2f}" for weight in weights))
    for name, cases in groups.items():
        print(f"{name:28} {accuracy(cases, weights):.3f}")


if __name__ == "__main__":
    main()
