"""Fits the weights of `knowledge.adequacy`: `python -m benchmarks.adequacy`.

On shipped texts and their twins; what comes out is measured on the evaluation questions.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.pairs import SEED, Pair, content, held_out, labelled
from knowledge import glossary
from knowledge.adequacy import BY_FORM, BY_MEANING, Fit, Signs, confidence, signs
from knowledge.embedding import Embedding
from knowledge.embedding.local import LocalEmbedding

Floats = NDArray[np.float64]
ROUNDS = 3
"""Times that the texts are made wrong, otherwise each time."""
FREE = 1000.0
"""Of scikit-learn's C: so few weights need hardly be held back."""


@dataclass(frozen=True, slots=True)
class Found:
    """How sure was one how often, and how right."""

    error: float
    """Expected calibration error, over 15 equal bins."""
    apart: float
    """Of a right one and a wrong one, how often the right one is believed more (AUC)."""
    believed: dict[str, float]
    """By kind: share of at least a half."""
    alone: dict[str, float]
    """By kind: share of at least 0.9, which decides alone."""


async def alike(pairs: Sequence[Pair], embedding: Embedding) -> list[float]:
    texts = sorted({text for pair in pairs for text in (pair.original, pair.translated)})
    vectors = dict(zip(texts, await embedding.embed(texts), strict=True))
    return [float(vectors[pair.original] @ vectors[pair.translated]) for pair in pairs]


def judged(pairs: Sequence[Pair], cosines: Sequence[float] | None) -> Found:
    """`cosines`: None for the signs of form alone."""
    words = glossary.load()
    sure = np.array(
        [
            confidence(p.original, p.translated, p.source, p.target, words, alike=cosine)
            for p, cosine in zip(pairs, cosines or [None] * len(pairs), strict=True)
        ]
    )
    weights = np.array([pair.weight for pair in pairs])
    right = np.array([pair.right for pair in pairs])
    kinds = {pair.kind: np.array([one.kind == pair.kind for one in pairs]) for pair in pairs}
    return Found(
        _error(sure, right, weights),
        _apart(sure, right, weights),
        {kind: float((sure[of] >= 0.5).mean()) for kind, of in sorted(kinds.items())},
        {kind: float((sure[of] >= 0.9).mean()) for kind, of in sorted(kinds.items())},
    )


def _error(sure: Floats, right: Floats, weights: Floats) -> float:
    bins = np.minimum((sure * 15).astype(int), 14)
    return float(np.abs(np.bincount(bins, weights * (sure - right), 15)).sum() / weights.sum())


def _apart(sure: Floats, right: Floats, weights: Floats) -> float:
    good, bad = sure[right], sure[~right]
    more = (good[:, None] > bad) + 0.5 * (good[:, None] == bad)
    return float((more * weights[~right]).sum() / (len(good) * weights[~right].sum()))


def fitted(pairs: Sequence[Pair], cosines: Sequence[float] | None) -> Fit:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (tests only judge)

    words = glossary.load()
    rows = [
        signs(p.original, p.translated, p.source, p.target, words, alike=cosine)
        for p, cosine in zip(pairs, cosines or [None] * len(pairs), strict=True)
    ]
    model = LogisticRegression(C=FREE, max_iter=5000)
    model.fit(
        np.array(rows, dtype=float),
        [pair.right for pair in pairs],
        [pair.weight for pair in pairs],
    )
    return Fit(
        round(float(model.intercept_[0]), 2),
        Signs(*(round(float(weight), 2) + 0.0 for weight in model.coef_[0])),
    )


async def main() -> None:
    embedding, words = LocalEmbedding.load(), glossary.load()
    known = [
        pair for more in range(ROUNDS) for pair in labelled(content(), words, seed=SEED + more)
    ]
    new = list(labelled(held_out(), words, seed=SEED + ROUNDS))
    seen, then = await alike(known, embedding), await alike(new, embedding)
    for name, of, on in (("BY_FORM", None, None), ("BY_MEANING", seen, then)):
        fit, kept = fitted(known, of), BY_FORM if of is None else BY_MEANING
        print(f"{name} = {fit}", "" if fit == kept else "(knowledge/adequacy.py has another)")
        found = judged(new, on)
        print(f"    as it is there, on others: error {found.error:.3f}, apart {found.apart:.3f}")
        for kind, share in found.believed.items():
            print(f"    {kind or 'right':14} {share:6.3f} believed, {found.alone[kind]:.3f} alone")


if __name__ == "__main__":
    asyncio.run(main())
