"""What the shipped knowledge knows: `python -m benchmarks.knowledge`.

Every phrasing is held out once: it is asked, as written and with a recogniser's mistakes, of an
index that never saw it. What is out of scope is asked of the whole index, each half of the file
with only the other half as background. Times are CPU seconds of one core.
"""

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

import numpy as np

from benchmarks.confidence import SEED, foreign
from benchmarks.noise import Noise
from knowledge.answers import Question
from knowledge.index import Index
from knowledge.ingest import Entry, Wording, ingest, shipped
from knowledge.tongue import Tongue
from knowledge.words import FULL, lexicon

SURE = 0.9
Turn = tuple[bool, float]
"""Whether the best entry was the right one, and how sure the index was."""


def held_out(entries: Iterable[Entry], language: str, rate: float) -> Iterator[Turn]:
    """`rate`: share of the words that are misheard."""
    entries = tuple(entries)
    noise = Noise([entry.wordings[language].asked for entry in entries], random.Random(SEED))
    for fold in range(max(len(entry.wordings[language].asked) for entry in entries)):
        known, held = [], []
        for entry in entries:
            wording = entry.wordings[language]
            rest = list(wording.asked)
            if fold < len(rest):
                held.append((rest.pop(fold), entry.id))
            left = Wording(rest[0], tuple(rest[1:]), wording.answer)
            known.append(replace(entry, wordings={language: left}))
        index = Index.build(known)
        for text, name in held:
            answer = index.best(Question(noise(text, rate) if rate else text, language))
            yield answer is not None and answer.entry == name, answer.confidence if answer else 0.0


def strangers(entries: Iterable[Entry], language: str) -> Iterator[float]:
    """How sure the index is of what it cannot know."""
    lexicons = {code: lexicon(code) for code in ("en", "es")}
    lines = foreign(language)
    for half in (0, 1):
        known = [lexicons[language].read(line) for line in lines[half::2]]
        tongue = Tongue(tuple(entries), language, lexicons, known)
        for line in lines[1 - half :: 2]:
            answer = tongue.best(Question(line, language))
            yield answer.confidence if answer else 0.0


def swaps(entries: Iterable[Entry], language: str) -> Iterator[float]:
    """How sure the index is when one telling word of a phrasing is replaced by a stranger."""
    rng = random.Random(SEED)
    words, lines = lexicon(language), foreign(language)
    index = Index.build(tuple(entries))
    for entry in entries:
        for text in entry.wordings[language].asked:
            said = words.read(text).plain.split()
            telling = [at for at, word in enumerate(said) if words.weights.get(word, 1.0) == FULL]
            other = words.read(rng.choice(lines)).said.split()
            other = [word for word in other if words.weights.get(word, 1.0) == FULL]
            if telling and other:
                said[rng.choice(telling)] = rng.choice(other)
                answer = index.best(Question(" ".join(said), language))
                yield answer.confidence if answer else 0.0


def main() -> None:
    entries = ingest(shipped(), date.min).entries
    print("language misheard  turns  right   sure  right when sure  could be sure at 95 %")
    for language in ("en", "es"):
        for rate in (0.0, 0.1, 0.2):
            turns = list(held_out(entries, language, rate))
            right, chance = (np.array(column) for column in zip(*turns, strict=True))
            precision = np.cumsum(right[np.argsort(-chance)]) / np.arange(1, len(turns) + 1)
            reach = np.flatnonzero(precision >= 0.95).max(initial=-1) + 1
            sure = chance >= SURE
            print(
                f"{language:8} {rate:8.0%} {len(turns):6} {right.mean():6.3f} {sure.mean():6.3f}"
                f" {right[sure].mean():16.3f} {reach / len(turns):22.3f}"
            )
    for language in ("en", "es"):
        outside = np.array(list(strangers(entries, language)))
        shares = ", ".join(f"{(outside >= at).mean():.3f} at {at}" for at in (0.4, 0.6, SURE))
        print(f"out of scope, {language}: {len(outside)} turns; as sure as that: {shares}")
    for language in ("en", "es"):
        other = np.array(list(swaps(entries, language)))
        print(
            f"a word replaced, {language}: {len(other)} turns; sure of {(other >= SURE).mean():.3f}"
        )
    began = time.process_time()
    index = Index.build(entries)
    print(f"built in {time.process_time() - began:.3f} s")
    took = []
    for entry in entries:
        for language, wording in entry.wordings.items():
            for text in wording.asked:
                began = time.process_time()
                index.best(Question(f"{text} please", language))
                took.append(time.process_time() - began)
    print("asked in {:.0f} µs (p50), {:.0f} µs (p99)".format(*np.percentile(took, [50, 99]) * 1e6))


if __name__ == "__main__":
    main()
