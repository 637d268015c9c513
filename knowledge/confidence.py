"""How probable it is that the best entry is the right one: from what was measured, nothing else."""

from dataclasses import dataclass
from math import exp

VERBATIM = 0.985
"""The caller said a known phrasing word for word."""
SAME_WORDS = 0.96
"""The caller said the same words but for silent ones and their order."""
DIFFERENT = 0.45
"""At most, where polarity, a number or an exclusive word differs."""
UNHEARD_OF = 0.6
"""At most, where a word that the entry never uses stands in place of one of the phrasing's."""
_REPLACED = 0.5
"""Weight from which such a word makes another question."""
_HEARD_ENOUGH = 0.6
"""Transcripts that the recogniser is less sure of make the answer less sure."""


@dataclass(frozen=True, slots=True)
class Signals:
    """In [0, 1] where nothing else is said."""

    asked: float
    """Share of the question that the best phrasing holds."""
    known: float
    """Share of the best phrasing that the question holds."""
    alike: float
    """Harmonic mean of the two."""
    pairs: float
    """Cosine of letter groups and neighbouring words with the best phrasing."""
    turns: float
    """Cosine of all words and neighbours, the small words too."""
    topic: float
    """Share of the question that stands anywhere in the entry."""
    usual: float
    """Mean likeness of the entry's phrasings."""
    share: float
    """Of what speaks for any entry, what speaks for this one."""
    margin: float
    """Lead over the next entry."""
    held: float
    """Weight of the question's telling words that the entry holds."""
    strange: float
    """Share of the question that no entry knows."""
    foreign: float
    """Likeness to the nearest sentence that is known to be out of scope."""
    swapped: float
    """Weight of a word that the question has in place of the phrasing's."""
    replaced: float
    """The same, where the entry does not know the question's word at all."""
    examples: float
    """Phrasings of the entry, from 1."""
    entries: float
    """Of the knowledge base, from 1."""
    mass: float
    """Weight of the question's words: one says little, four say much."""

    def vector(self) -> tuple[float, ...]:
        said = min(self.mass, 4.0) / 4.0
        held = min(self.held, 2.0) / 2.0
        taught = (self.examples - 1.0) / (self.examples + 3.0)
        crowd = (self.entries - 1.0) / (self.entries + 9.0)
        return (
            1.0,
            self.asked,
            self.known,
            self.alike,
            self.pairs,
            self.turns,
            self.topic,
            self.usual,
            self.strange,
            self.swapped,
            self.foreign,
            said,
            held,
            min(held, 0.25),
            self.topic * self.margin,
            self.topic * self.share,
            self.alike * self.margin,
            self.alike * self.share,
            self.alike * said,
            self.topic * said,
            taught,
            taught * self.share,
            taught * self.topic,
            taught * self.alike,
            taught * self.share * self.topic,
            crowd,
            crowd * self.share,
            crowd * self.topic,
            crowd * self.alike,
        )


_COEFFICIENTS = (
    -3.329,
    -1.942,
    0.716,
    -0.271,
    1.323,
    0.134,
    2.553,
    1.291,
    0.356,
    1.054,
    -0.055,
    -0.406,
    0.928,
    -0.346,
    1.253,
    0.557,
    1.376,
    0.938,
    -0.425,
    1.519,
    -0.998,
    1.147,
    -1.116,
    2.947,
    -0.478,
    -0.774,
    1.454,
    0.047,
    -1.972,
)
"""Fitted by benchmarks/confidence.py."""


def probability(signals: Signals) -> float:
    """In (0, 1)."""
    pairs = zip(_COEFFICIENTS, signals.vector(), strict=True)
    score = sum(weight * value for weight, value in pairs)
    chance = 1.0 / (1.0 + exp(-max(-30.0, min(30.0, score))))
    return min(chance, UNHEARD_OF) if signals.replaced >= _REPLACED else chance


def heard(confidence: float, transcript: float) -> float:
    """`confidence`, less for a transcript of low confidence; both in [0, 1]."""
    return confidence * min(1.0, transcript / _HEARD_ENOUGH)
