"""Fits the weights in `knowledge.ranking`: `python -m benchmarks.ranking`.

They maximise the probability of the right entry (conditional logit, Newton's method) over many
small knowledge bases; every source, with few phrasings and with many, weighs the same.
"""

import random
from asyncio import Runner
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.draws import SEED, Meaning, Seen, drawn, seen

DRAWS = 700
RIDGE = 1e-3
LONGEST_STEP = 3.0
"""Newton's steps overshoot from far away."""
FEW = 6
"""Phrasings of an entry that are not many."""
Case = tuple[NDArray[np.float64], int]
"""Features of every candidate, and the candidate that is right."""


def fit(groups: Sequence[Sequence[Case]]) -> NDArray[np.float64]:
    size = len(groups[0][0][0])
    weights = np.zeros(size)
    for _ in range(60):
        slope, curve = RIDGE * weights, RIDGE * np.eye(size)
        for cases in groups:
            for features, right in cases:
                score = weights @ features
                chance = np.exp(score - score.max())
                chance /= chance.sum()
                mean = features @ chance
                slope += (mean - features[:, right]) / len(cases)
                spread = (features * chance) @ features.T - np.outer(mean, mean)
                curve += spread / len(cases)
        step = np.linalg.solve(curve, slope)
        weights -= step * min(1.0, LONGEST_STEP / np.abs(step).max())
        if np.abs(step).max() < 1e-6:
            break
    return weights


def grouped(cases: Sequence[Seen]) -> dict[str, list[Case]]:
    groups: defaultdict[str, list[Case]] = defaultdict(list)
    for one in cases:
        if one.right >= 0 and len(one.look.entries) > 1:
            asked = one.asked.entries[one.look.entries[one.right]].wordings
            many = sum(len(wording.asked) for wording in asked.values()) >= FEW
            name = f"{one.asked.source}, {'many' if many else 'few'} phrasings"
            groups[name].append((one.features, one.right))
    return groups


def main() -> None:
    cases: dict[str, list[Seen]] = {"words": [], "near": [], "across": []}
    with Runner() as runner:
        for asked in drawn(DRAWS, random.Random(SEED), Meaning(runner)):
            for near in (False, True):
                found = seen(asked, near=near)
                if found is not None and not (asked.across and not near):
                    name = ("near" if near else "words") if not asked.across else "across"
                    cases[name].append(found)
    for name, those in cases.items():
        groups = grouped(those)
        weights = fit(list(groups.values()))
        print(f"{name}:", ", ".join(f"{weight:.2f}" for weight in weights))
        for group, known in sorted(groups.items()):
            right = np.mean([np.argmax(weights @ features) == at for features, at in known])
            print(f"    {group:36} {len(known):6} {right:.3f}")


if __name__ == "__main__":
    main()
