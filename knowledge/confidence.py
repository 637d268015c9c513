"""How probable it is that the best entry is the right one: from what was measured, nothing else."""

from functools import cache
from importlib import resources
from math import exp
from typing import Any, NamedTuple

import numpy as np
import orjson

from knowledge.calibration import Bounds

VERBATIM = 0.985
"""The caller said a known phrasing word for word."""
SAME_WORDS = 0.96
"""The caller said the same words but for silent ones and their order."""
THIN = 0.45
"""At most, where little of what is asked stands in any entry, or hardly a word says anything."""
UNKNOWN = 0.2
"""At most, where next to nothing does."""
EXPECTED = 0.9
"""Log-odds that a caller's question has more than one of the draws that the trees were fitted to:
three in twenty ask what no entry answers, three in ten did there."""
_CLOSE, _NEARLY_ALL, _MOST, _HALF, _FAINT = 0.75, 0.85, 0.6, 0.4, 0.4
_FEW = 3
_HEARD_ENOUGH = 0.6
"""Transcripts that the recogniser is less sure of make the answer less sure."""
_SUREST = 0.995
TREES = ("words", "near", "across")
"""By words alone; with vectors; with vectors, for an entry told in another language."""


class Limit(NamedTuple):
    """What no likeness raises the probability above."""

    most: float
    differing: bool = False
    """Whatever the probability, this is not to be spoken: it is another question by a rule."""


FREE = Limit(1.0)
ANOTHER = Limit(0.89, differing=True)
"""Polarity, a number or an exclusive word differs, one word is replaced, what nobody answers is as
near, or the question denies almost all that it says. Most such questions mean the entry all the
same (seven to nine in ten on the public sets), which is what the probability says: just not enough
of them."""
UNLIKELY = Limit(0.45, differing=True)
"""As `ANOTHER`, where nothing was fitted that could say how often such questions mean the entry,
and it has few phrasings, or nobody answers what is as near."""
FOREIGN = Limit(0.6)
"""Words of one language were compared with another's."""


class Signals(NamedTuple):
    """What was measured of a question and its best entry; in [0, 1] where nothing else is said."""

    asked: float
    """Share of the question that the best phrasing holds."""
    known: float
    """Share of the best phrasing that the question holds."""
    alike: float
    """Harmonic mean of the two."""
    letters: float
    """Mean cosine of letter groups and neighbouring words with the entry's phrasings."""
    turns: float
    """Cosine of all words and neighbours, the small words too, with the most alike phrasing."""
    manner: float
    """The same, the mean of all the entry's phrasings."""
    topic: float
    """Share of the question that stands anywhere in the entry."""
    usual: float
    """Mean likeness of the entry's phrasings."""
    share: float
    """Of what speaks for any entry, what speaks for this one."""
    margin: float
    """Lead over the next entry."""
    score: float
    """What speaks for this entry, any number."""
    held: float
    """Weight of the question's telling words that the entry holds."""
    strange: float
    """Share of the question that no entry knows."""
    swapped: float
    """Weight of a word that the question has in place of the phrasing's."""
    replaced: float
    """The same, where the entry does not know the question's word at all."""
    examples: float
    """Phrasings of the entry, from 1."""
    entries: float
    """Of the knowledge base, from 1."""
    words: float
    """Of the question that say anything."""
    mass: float
    """Weight of the question's words: one says little, four say much."""
    near: float = 0.0
    """Cosine of meaning with the nearest phrasing of the entry, in [-1, 1]; 0 if not measured."""
    nearer: float = 0.0
    """How much nearer it is than the next entry's."""
    around: float = 0.0
    """Of the nearest phrasings of any entry, how many are this one's, the nearer the more."""
    learned: float = 0.0
    """What a linear model says of the entry, about -1 to 1; 0 where there is none."""
    leads: float = 0.0
    """How much more than of the next."""
    clear: float = 0.0
    """How much nearer in meaning than what nobody answers; 0 where none of that is near."""
    differing: float = 0.0
    """1 where it is another question by a rule."""


class Trees:
    """Trees that ask the same question of everything on a level: many are asked at once."""

    def __init__(self, tree: dict[str, Any]) -> None:
        names = Signals._fields
        signals = np.array([names.index(name) for name in tree["signals"]], dtype=np.intp)
        self._asked = np.ascontiguousarray(signals[np.array(tree["asked"], dtype=np.intp)].T)
        self._above = np.array(tree["above"], dtype=np.float32).T.copy()
        leaves = np.array(tree["leaves"], dtype=np.float32)
        self._leaves = leaves.ravel()
        self._firsts = np.arange(len(leaves)) * leaves.shape[1]
        self._places = 2.0 ** np.arange(len(self._asked), dtype=np.float32)[::-1]
        self._base = float(tree["base"])
        self.bounds = Bounds(*map(tuple, tree["bounds"]))

    def odds(self, signals: Signals) -> float:
        """The logarithm of right to wrong."""
        values = np.fromiter(signals, np.float32, len(signals))
        above = values.take(self._asked) > self._above
        leaf = self._places @ above.astype(np.float32)  # packbits takes thrice as long
        leaves = self._leaves.take(leaf.astype(np.intp) + self._firsts)
        return self._base + float(np.add.reduce(leaves))  # sum() is slower by a call


@cache
def trees(name: str) -> Trees:
    """The shipped ones, by their name in `TREES`."""
    file = resources.files("knowledge") / "trees" / f"{name}.json"
    return Trees(orjson.loads(file.read_bytes()))


def chance(odds: float) -> float:
    return min(1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds)))), _SUREST)


def ceiling(signals: Signals) -> float:
    """What no likeness lifts the probability above; meaning may, where it was measured."""
    if signals.near >= _CLOSE:
        return 1.0
    if signals.strange >= _NEARLY_ALL:
        return UNKNOWN
    few = signals.words <= _FEW and signals.strange >= _HALF
    far = signals.words < _FEW and signals.alike < _FAINT
    return THIN if few or far or signals.strange >= _MOST else 1.0


def heard(confidence: float, transcript: float) -> float:
    """`confidence`, less for a transcript of low confidence; both in [0, 1]."""
    return confidence * min(1.0, transcript / _HEARD_ENOUGH)
