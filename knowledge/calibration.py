"""Within which bounds a probability holds, as held-out questions have shown."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_Z = 1.96
"""Standard errors of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Confidences cut into runs; in each, the share that was right, from least to most."""

    edges: tuple[float, ...] = ()
    """Where the second run begins, the third, …"""
    least: tuple[float, ...] = (0.0,)
    most: tuple[float, ...] = (1.0,)

    @classmethod
    def of(cls, confidence: Sequence[float], right: Sequence[bool], runs: int = 12) -> "Bounds":
        """Of about equally long runs of held-out questions; Wilson's interval of each."""
        pairs = sorted(zip(confidence, right, strict=True))
        size = max(1, len(pairs) // runs)
        edges, least, most = [], [], []
        for first in range(0, size * min(runs, len(pairs)), size):
            last = first + size if first + 2 * size <= len(pairs) else len(pairs)
            low, high = wilson(sum(good for _, good in pairs[first:last]), last - first)
            edges.append(pairs[first][0])
            least.append(low)
            most.append(high)
        return cls(tuple(edges[1:]), tuple(least), tuple(most)) if edges else cls()

    def around(self, confidence: float) -> tuple[float, float]:
        """The bounds of the run that it falls into, which hold itself too."""
        run = bisect_right(self.edges, confidence)
        return min(self.least[run], confidence), max(self.most[run], confidence)


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927)."""
    if total == 0:
        return 0.0, 1.0
    share, square = right / total, _Z * _Z
    middle = share + square / (2 * total)
    spread = _Z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    scale = 1 + square / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
