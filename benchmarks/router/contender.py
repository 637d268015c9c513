"""What every way to route can do: learn phrasings, then guess an entry and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.entries import Entry
from knowledge.evaluation import Outcomes

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

EDGE = 1e-6
"""How near to 0 and to 1 a confidence may come before its log-odds are taken."""


@dataclass(frozen=True, slots=True)
class Guess:
    entry: str
    confidence: float
    """In [0, 1], whatever it may mean."""
    barred: bool = False
    """Never spoken without the model, however sure."""


class Contender(Protocol):
    name: str
    ours: bool
    lexical: bool
    """Without an embedding."""

    def learn(self, entries: Sequence[Entry], language: str) -> None: ...

    def guess_all(self, texts: Sequence[str]) -> list[Guess]:
        """What `guess` says of each; vectors of the texts may be known before."""
        ...

    def guess(self, text: str) -> Guess:
        """From words to a decision, as a call would need it."""
        ...


def _fitted(odds: NDArray[np.float64], right: NDArray[np.bool_]) -> "LogisticRegression":
    from sklearn import linear_model  # noqa: PLC0415 (whoever only measures need not wait for it)

    return linear_model.LogisticRegression(C=1e6).fit(odds, right)


class Platt:
    """A logistic curve over the log-odds, fitted to held-out guesses (Platt, 1999)."""

    def __init__(self, found: Outcomes) -> None:
        self._curve: LogisticRegression | None = None
        if found.right.any() and not found.right.all():
            self._curve = _fitted(_odds(found.confidence), found.right)

    def __call__(self, confidence: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._curve is None:
            return confidence
        chances: NDArray[np.float64] = self._curve.predict_proba(_odds(confidence))[:, 1]
        return chances


def _odds(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(confidence, EDGE, 1.0 - EDGE)
    odds: NDArray[np.float64] = np.log(inside / (1.0 - inside))[:, None]
    return odds
