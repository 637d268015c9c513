"""Phrasings dealt out so that none is judged by its own twin."""

import random
from collections.abc import Sequence

from knowledge.words import Lexicon

ALIKE = 0.8
"""Share of the telling words that two phrasings have in common from which they are twins."""


def twins(asked: Sequence[str], words: Lexicon) -> list[list[int]]:
    """The numbers of the phrasings, those together that say the same with the same words."""
    told = []
    for text in asked:
        reading = words.read(text)
        told.append(frozenset(word.stem for word in reading.words) or frozenset((reading.plain,)))
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


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * len(one | other)
