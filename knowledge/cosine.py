"""Cosine of two texts by the features they share, each the heavier the rarer it is (TF-IDF)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge.words import Reading, Word

_GROUP = 3
"""Letters in a group."""
_SINGLE = 0.3
"""What a word counts beside a pair of neighbours that is told with its small words."""


class Cosine:
    """A fixed set of texts, given as counted features, that others are compared with."""

    def __init__(
        self, texts: Sequence[Mapping[str, float]], background: Sequence[Mapping[str, float]] = ()
    ) -> None:
        """`background`: texts that only tell which features are common."""
        self._rows = len(texts)
        total = len(texts) + len(background)
        spread = Counter(feature for text in (*texts, *background) for feature in text)
        self._rarity = {name: float(np.log1p(total / rows)) for name, rows in spread.items()}
        self._unseen = float(np.log1p(total))
        rows: defaultdict[str, list[int]] = defaultdict(list)
        values: defaultdict[str, list[float]] = defaultdict(list)
        for number, text in enumerate(texts):
            weights = {name: value * self._rarity[name] for name, value in text.items()}
            length = sum(weight * weight for weight in weights.values()) ** 0.5 or 1.0
            for name, weight in weights.items():
                rows[name].append(number)
                values[name].append(weight / length)
        self._postings = {
            name: (np.array(rows[name], dtype=np.intp), np.array(values[name], dtype=np.float32))
            for name in rows
        }

    def compare(self, text: Mapping[str, float]) -> NDArray[np.float32]:
        """Per text of the set: the cosine, in [0, 1]."""
        length = 0.0
        where, values = [], []
        for name, count in text.items():
            weight = count * self._rarity.get(name, self._unseen)
            length += weight * weight
            posting = self._postings.get(name)
            if posting is not None:
                where.append(posting[0])
                values.append(posting[1] * np.float32(weight))
        if not where:
            return np.zeros(self._rows, dtype=np.float32)
        sums = np.bincount(np.concatenate(where), np.concatenate(values), minlength=self._rows)
        cosine: NDArray[np.float32] = (sums / length**0.5).astype(np.float32)
        return cosine


def pairs(reading: Reading, weigh: Callable[[Word], float]) -> dict[str, float]:
    """What is said, as stems, neighbouring stems and letter groups: misspellings share most."""
    features: defaultdict[str, float] = defaultdict(float)
    before = ""
    for word in reading.words:
        weight = weigh(word)
        for name in _groups(word.stem):
            features[name] += weight
        if before:
            features[f"{before} {word.stem}"] += weight
        before = word.stem
    return features


def turns(reading: Reading) -> dict[str, float]:
    """How it is said: every word and every two neighbours, the small ones too."""
    words = ["^", *reading.plain.split(), "$"]
    features = dict.fromkeys(words[1:-1], _SINGLE)
    features.update(dict.fromkeys(map(" ".join, pairwise(words)), 1.0))
    return features


def _groups(stem: str) -> Iterator[str]:
    yield stem
    padded = f"^{stem}$"
    for at in range(len(padded) - _GROUP + 1):
        yield padded[at : at + _GROUP]
