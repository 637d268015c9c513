"""Which known words a word of the question may be, misheard or misspelt."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

_CLOSE = 0.6
"""Dice coefficient of letter pairs from which two words may be the same, misheard."""
_CLOSER = 0.75
"""The same for short words, where a letter makes another word."""
_SHORT = 5
_SHORTEST_MISHEARD = 4
_NEAREST = 4
_NEGATING = ("un", "in", "im", "il", "dis", "non", "des")


class Vocabulary:
    """A fixed set of words."""

    def __init__(self, stems: Sequence[str]) -> None:
        self.ids = {stem: number for number, stem in enumerate(stems)}
        self._stems = tuple(stems)
        self._sizes = np.array([len(_letters(stem)) for stem in stems], dtype=np.float32)
        postings: defaultdict[str, list[int]] = defaultdict(list)
        for number, stem in enumerate(stems):
            for pair in _letters(stem):
                postings[pair].append(number)
        self._postings = {pair: np.array(ids, dtype=np.intp) for pair, ids in postings.items()}

    def search(self, stem: str) -> list[tuple[int, float]]:
        """Ids and how alike, in (0, 1]: the word itself, then the nearest."""
        own = self.ids.get(stem)
        found = [] if own is None else [(own, 1.0)]
        if len(stem) < _SHORTEST_MISHEARD or stem[0].isdigit():
            return found
        letters = _letters(stem)
        hits = [self._postings[pair] for pair in letters if pair in self._postings]
        if not hits:
            return found
        shared = np.bincount(np.concatenate(hits), minlength=len(self._stems))
        dice = 2.0 * shared / (self._sizes + len(letters))
        near = np.flatnonzero(dice >= (_CLOSE if len(stem) > _SHORT else _CLOSER))
        best = near[np.argsort(-dice[near], kind="stable")][:_NEAREST]
        return found + [
            (int(number), float(dice[number]) ** 0.5)
            for number in best
            if number != own and not _denies(stem, self._stems[number])
        ]


def _letters(stem: str) -> set[str]:
    padded = f"^{stem}$"
    return {padded[at : at + 2] for at in range(len(padded) - 1)}


def _denies(one: str, other: str) -> bool:
    """Whether one is the other with a negating prefix."""
    long, short = (one, other) if len(one) > len(other) else (other, one)
    return any(long == prefix + short for prefix in _NEGATING)
