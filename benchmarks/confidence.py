"""Fits the trees of `knowledge.confidence`, in knowledge/trees: `python -m benchmarks.confidence`.

Over many small knowledge bases; what comes out is measured on others. Same seed, same trees.
"""

import pickle
import random
import sys
from asyncio import Runner
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.boosting import Forest, grow
from benchmarks.draws import SEED, Meaning, drawn, seen
from knowledge.calibration import Bounds
from knowledge.confidence import FREE, Signals

FOLDER = Path(__file__).resolve().parents[1] / "knowledge" / "trees"
DRAWS = {"fit": 1500, "bounds": 500}
_FIELDS = Signals._fields
_BY_WORDS, _SHIPPED = _FIELDS[: _FIELDS.index("near")], _FIELDS[: _FIELDS.index("learned")]
SIGNALS = {"words": _BY_WORDS, "near": _SHIPPED, "across": _SHIPPED}
SIZE = {
    "words": {"trees": 220, "depth": 5, "rate": 0.1},
    "near": {"trees": 220, "depth": 5, "rate": 0.1},
    "across": {"trees": 150, "depth": 4, "rate": 0.1},
}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    signals: Floats
    right: Floats
    sources: list[str]

    @property
    def weights(self) -> Floats:
        return np.ones(len(self.right))


def samples(draws: int, seed: int, meaning: Meaning) -> dict[str, Samples]:
    rows: dict[str, list[tuple[Signals, bool, str]]] = {name: [] for name in SIZE}
    for asked in drawn(draws, random.Random(seed), meaning):
        for near in (False, True):
            found = seen(asked, near=near)
            if found is None or (asked.across and not near):
                continue
            scores = asked.tongue.scores(found.look)
            at = scores.index(max(scores))
            signals, limit = asked.tongue.signals(found.look, scores, at)
            if limit is not FREE:
                continue
            name = "across" if asked.across else "near" if near else "words"
            rows[name].append((signals, at == found.right, asked.source))
    return {
        name: Samples(
            np.array([signals[: len(SIGNALS[name])] for signals, _, _ in those]),
            np.array([right for _, right, _ in those], dtype=float),
            [source for _, _, source in those],
        )
        for name, those in rows.items()
    }


def written(name: str, forest: Forest, bounds: Bounds) -> None:
    tree = {
        "signals": SIGNALS[name],
        "base": round(forest.base, 4),
        "asked": forest.asked.tolist(),
        "above": [[float(f"{edge:.5g}") for edge in edges] for edges in forest.above.tolist()],
        "leaves": [[round(leaf, 4) for leaf in leaves] for leaves in forest.leaves.tolist()],
        "bounds": [
            [round(float(number), 4) for number in part]
            for part in (bounds.edges, bounds.least, bounds.most)
        ],
    }
    FOLDER.mkdir(exist_ok=True)
    text = orjson.dumps(tree).replace(b'],"', b'],\n"').replace(b"],[", b"],\n[")
    (FOLDER / f"{name}.json").write_bytes(text + b"\n")


def error(chance: Floats, right: Floats) -> float:
    """Expected, over 15 equal bins."""
    bins = np.minimum((chance * 15).astype(int), 14)
    gaps = np.bincount(bins, chance - right, 15)
    return float(np.abs(gaps).sum() / len(right))


def reach(chance: Floats, right: Floats, precision: float) -> float:
    order = np.argsort(-chance)
    share = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    return float((np.flatnonzero(share >= precision).max(initial=-1) + 1) / len(right))


def told(name: str, chance: Floats, right: Floats) -> str:
    sure = chance >= 0.9
    return (
        f"    {name:12} {len(right):6} right {right.mean():.3f}"
        f"  sure {sure.mean():.3f}, of these right {right[sure].mean():.3f}"
        f"  could be at 95 % {reach(chance, right, 0.95):.3f}, at 98 %"
        f" {reach(chance, right, 0.98):.3f}  error {error(chance, right):.3f}"
    )


def drawn_samples(kept: Path | None) -> list[dict[str, Samples]]:
    """To fit by, and to measure by; `kept`: from an earlier run, or for a later one."""
    if kept is not None and kept.is_file():
        found: list[dict[str, Samples]] = pickle.loads(kept.read_bytes())
        return found
    with Runner() as runner:
        meaning = Meaning(runner)
        found = [
            samples(draws, seed, meaning)
            for seed, draws in zip((SEED, SEED + 1), DRAWS.values(), strict=True)
        ]
    if kept is not None:
        kept.write_bytes(pickle.dumps(found))
    return found


def main(arguments: Sequence[str]) -> None:
    parts = drawn_samples(Path(arguments[0]) if arguments else None)
    for name, size in SIZE.items():
        known, new = (part[name] for part in parts)
        forest = grow(known.signals, known.right, known.weights, **size)
        chance = 1 / (1 + np.exp(-forest.odds(new.signals)))
        written(name, forest, Bounds.of(chance.tolist(), (new.right > 0).tolist()))
        print(name)
        print(told("all", chance, new.right))
        for source in sorted(set(new.sources)):
            of = np.array([one == source for one in new.sources])
            print(told(source, chance[of], new.right[of]))


if __name__ == "__main__":
    main(sys.argv[1:])
