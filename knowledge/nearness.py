"""What the nearest phrasings by meaning say for each entry."""

from collections.abc import Mapping, Sequence
from math import exp

from knowledge.embedding import NOBODY, Near
from knowledge.entries import Entry

MOST = 50
"""Phrasings that count: the nearest."""
_SOFT = 0.05
"""Cosine by which a phrasing lies behind the nearest to count a third of it."""
_NOBODYS = f"{NOBODY}#"
Nearness = Mapping[int, tuple[float, float]]
"""By entry: cosine of its nearest phrasing; its part of all that lies near, in [0, 1]."""


class Whose:
    """Which entry a phrasing's id belongs to."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = {
            f"{entry.id}#{language}#{place}": number
            for number, entry in enumerate(entries)
            for language, wording in entry.wordings.items()
            for place in range(len(wording.asked))
        }

    def nobodys(self, near: Near) -> float:
        """Cosine of the nearest sentence that no entry answers; 0: none is near."""
        return max((near[name] for name in near if name.startswith(_NOBODYS)), default=0.0)

    def nearness(self, near: Near) -> tuple[Nearness, float]:
        """Nearest first; and the cosine below which nothing more is known."""
        known = self._entries
        ordered = sorted(near.items(), key=lambda item: (-item[1], item[0]))
        hits = [(known[name], cosine) for name, cosine in ordered if name in known][:MOST]
        if not hits:
            return {}, 0.0
        best, least = hits[0][1], hits[-1][1]
        nearest: dict[int, float] = {}
        parts: dict[int, float] = {}
        for entry, cosine in hits:
            nearest.setdefault(entry, cosine)
            parts[entry] = parts.get(entry, 0.0) + exp((cosine - best) / _SOFT)
        total = sum(parts.values())
        return {entry: (cosine, parts[entry] / total) for entry, cosine in nearest.items()}, least
