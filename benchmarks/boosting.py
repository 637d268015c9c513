"""Trees whose every level asks one question (as CatBoost's), boosted for logistic loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

BINS = 48
PENALTY = 20.0
"""Of a leaf's weight, in observations that say nothing."""
SEEN = 0.8
"""Share of the observations that a tree sees."""
ASKED = 0.7
"""Share of the signals that a level may ask about."""


@dataclass(frozen=True)
class Forest:
    base: float
    asked: Ints
    """Trees x levels: the signal."""
    above: Floats
    """Trees x levels: the number that it may lie above."""
    leaves: Floats
    """Trees x leaves; the first level is the leaf number's highest bit."""

    def odds(self, signals: Floats) -> Floats:
        powers = 2 ** np.arange(self.asked.shape[1])[::-1]
        total = np.full(len(signals), self.base)
        for asked, above, leaves in zip(self.asked, self.above, self.leaves, strict=True):
            total += leaves[(signals[:, asked] > above) @ powers]
        return total


def grow(
    signals: Floats, right: Floats, weights: Floats, *, trees: int, depth: int, rate: float
) -> Forest:
    """`weights`: of each observation."""
    rng = np.random.default_rng(0)
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    edges = [np.unique(np.quantile(column, shares)) for column in signals.T]
    bins = np.stack(
        [np.searchsorted(edge, column) for edge, column in zip(edges, signals.T, strict=True)]
    )
    mean = float(np.average(right, weights=weights))
    base = float(np.log(mean / (1 - mean)))
    odds = np.full(len(right), base)
    grown = []
    for _ in range(trees):
        chance = 1 / (1 + np.exp(-odds))
        slope, curve = (right - chance) * weights, chance * (1 - chance) * weights
        chosen = np.flatnonzero(rng.random(len(right)) < SEEN)
        levels = _levels(bins[:, chosen], slope[chosen], curve[chosen], edges, depth, rng)
        leaf = np.zeros(len(right), dtype=np.intp)
        for signal, edge in levels:
            leaf = leaf * 2 + (bins[signal] > edge)
        gain = np.bincount(leaf[chosen], slope[chosen], 2**depth)
        weight = np.bincount(leaf[chosen], curve[chosen], 2**depth)
        values = rate * gain / (weight + PENALTY)
        odds += values[leaf]
        above = [edges[signal][edge] for signal, edge in levels]
        grown.append(([signal for signal, _ in levels], above, values))
    asked, edges_above, leaves = (np.array(part) for part in zip(*grown, strict=True))
    return Forest(base, asked, edges_above, leaves)


def _levels(  # noqa: PLR0917
    bins: Ints,
    slope: Floats,
    curve: Floats,
    edges: list[Floats],
    depth: int,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Signal and edge of each level: what lowers the loss most in all its leaves together."""
    leaf = np.zeros(bins.shape[1], dtype=np.intp)
    levels: list[tuple[int, int]] = []
    for level in range(depth):
        count = 2**level
        best = (-1.0, 0, 0)
        for signal in rng.permutation(len(bins))[: max(6, int(len(bins) * ASKED))].tolist():
            keys = leaf * BINS + bins[signal]
            below = np.bincount(keys, slope, count * BINS).reshape(count, BINS).cumsum(axis=1)
            under = np.bincount(keys, curve, count * BINS).reshape(count, BINS).cumsum(axis=1)
            rest, over = below[:, -1:] - below, under[:, -1:] - under
            gain = below**2 / (under + PENALTY) + rest**2 / (over + PENALTY)
            gains = gain.sum(axis=0)[: len(edges[signal])]
            if len(gains) and gains.max() > best[0]:
                best = (float(gains.max()), signal, int(gains.argmax()))
        _, signal, edge = best
        levels.append((signal, edge))
        leaf = leaf * 2 + (bins[signal] > edge)
    return levels
