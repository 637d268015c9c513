"""Phrasings dealt out so that none is judged by its own twin."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from knowledge.entries import Entry, Wording
from knowledge.evaluation import Case
from knowledge.words import Lexicon, Reading, lexicon

ALIKE = 0.8
"""Share of the words' weight that two phrasings have in common from which they are twins."""

Told = Mapping[str, float]
"""Stems and their weights."""
Split = tuple[tuple[Entry, ...], tuple[Case, ...]]
"""What is known, and the questions that were held out of it."""


def apart(
    entries: Sequence[Entry],
    language: str,
    parts: int,
    rng: random.Random,
    *,
    together: bool = True,
) -> Split:
    """One of `parts` parts of the phrasings in a language held out."""
    return next(splits(entries, language, parts, rng, together=together))


def splits(
    entries: Sequence[Entry],
    language: str,
    parts: int,
    rng: random.Random,
    *,
    together: bool = True,
) -> Iterator[Split]:
    """Each part held out once. `together`: twins are in the same part.

    What an entry would be left without is not held out.
    """
    words = lexicon(language)
    dealt = []
    for entry in entries:
        wording = entry.wordings.get(language)
        asked = wording.asked if wording else ()
        groups = twins(asked, words) if together else [[number] for number in range(len(asked))]
        dealt.append(deal(groups, parts, rng))
    for part in range(parts):
        known, held = [], []
        for entry, numbers in zip(entries, dealt, strict=True):
            rest, questions = _without(entry, language, frozenset(numbers[part]))
            known.append(rest)
            held += questions
        yield tuple(known), tuple(held)


def _without(entry: Entry, language: str, out: frozenset[int]) -> tuple[Entry, list[Case]]:
    wording = entry.wordings.get(language)
    if wording is None or len(out) == len(wording.asked):
        return entry, []
    asked = wording.asked
    held = [Case(asked[number], entry.id, language) for number in sorted(out)]
    first, *others = (text for number, text in enumerate(asked) if number not in out)
    left = Wording(first, tuple(others), wording.answer)
    return replace(entry, wordings={**entry.wordings, language: left}), held


def twins(asked: Sequence[str], words: Lexicon) -> list[list[int]]:
    """The numbers of the phrasings, those together that say the same with the same words."""
    told = [_told(words.read(text)) for text in asked]
    groups: list[list[int]] = []
    for number, one in enumerate(told):
        near = [group for group in groups if any(_alike(one, told[other]) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), number])
    return groups


def deal(groups: Sequence[Sequence[int]], parts: int, rng: random.Random) -> list[list[int]]:
    """The same numbers in so many parts of about a size; what stands together stays together."""
    dealt: list[list[int]] = [[] for _ in range(parts)]
    order = sorted(rng.sample(groups, len(groups)), key=len, reverse=True)
    places = rng.sample(range(parts), parts)
    for group in order:
        min((dealt[place] for place in places), key=len).extend(group)
    return [sorted(part) for part in dealt]


def _told(reading: Reading) -> Told:
    return {word.stem: word.weight for word in reading.words} or {reading.plain: 1.0}


def _alike(one: Told, other: Told) -> bool:
    shared = sum(weight for stem, weight in one.items() if stem in other)
    return shared >= ALIKE * (sum(one.values()) + sum(other.values()) - shared)
