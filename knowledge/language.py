"""Which language a short text is in: whole words first, letter groups for what is not known."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, log

import orjson

from knowledge.entries import Entry
from knowledge.words import fold, lexicon

_GROUP = 3
_SMOOTHING = 0.5
_FLATTEN = 0.5
"""Letter groups overlap, so their evidence is counted twice: this makes up for it."""
_LONGEST = 60
"""Words that are looked at."""
_SUREST = 0.999


@dataclass(frozen=True, slots=True)
class Guess:
    language: str
    confidence: float
    """Probability in [0, 1]; equal shares where the text says nothing."""


class Detector:
    """Knows the languages that it was built with and no other."""

    def __init__(self, words: Mapping[str, Mapping[str, int]]) -> None:
        """By language: how often each word was seen."""
        self._counts = words
        self._languages = tuple(words)
        self._words = _Evidence(words)
        self._groups = _Evidence({language: _grouped(seen) for language, seen in words.items()})

    @classmethod
    def build(cls, entries: Iterable[Entry], languages: Iterable[str]) -> "Detector":
        """From the words that each language is made of and from what entries say in it."""
        samples = {language: list(lexicon(language).weights) for language in languages}
        for entry in entries:
            for language, wording in entry.wordings.items():
                if language in samples:
                    samples[language] += [wording.question, *wording.phrasings, wording.answer]
        return cls.of({language: texts for language, texts in samples.items() if texts})

    @classmethod
    def of(cls, samples: Mapping[str, Iterable[str]]) -> "Detector":
        return cls({language: Counter(_words(texts)) for language, texts in samples.items()})

    def encode(self) -> bytes:
        """To be kept: counting takes longer than reading what was counted."""
        return orjson.dumps(self._counts)

    @classmethod
    def decode(cls, data: bytes) -> "Detector":
        """Raises ValueError for what is no detector."""
        counts = orjson.loads(data)
        if not isinstance(counts, dict):
            raise ValueError("not a detector")  # noqa: TRY004 (a file is wrong, not a caller)
        return cls(counts)

    def known(self, text: str) -> float:
        """Share of the words that are a word of one of the languages, in [0, 1]; 1.0 of none."""
        words = _words([text])[:_LONGEST]
        met = sum(any(word in seen for seen in self._counts.values()) for word in words)
        return met / len(words) if words else 1.0

    def detect(self, text: str) -> Guess:
        """The first language, with an equal share, where nothing is known of the text."""
        evidence = self.evidence(text)
        best = max(evidence.values(), default=0.0)
        chances = [exp(max(score - best, -60.0)) for score in evidence.values()]
        at = chances.index(max(chances))
        return Guess(self._languages[at], min(chances[at] / sum(chances), _SUREST))

    def evidence(self, text: str) -> dict[str, float]:
        """By language: the logarithm of the text's likelihood, up to a common summand."""
        scores = [0.0] * len(self._languages)
        for word in _words([text])[:_LONGEST]:
            known = self._words.of(word)
            if known is not None:
                scores = [score + more for score, more in zip(scores, known, strict=True)]
            for group in _groups(word):
                shares = self._groups.of(group)
                if shares is not None:
                    pairs = zip(scores, shares, strict=True)
                    scores = [score + _FLATTEN * more for score, more in pairs]
        return dict(zip(self._languages, scores, strict=True))


class _Evidence:
    """Per feature: its log probability in each language, reckoned when it is asked for."""

    def __init__(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        self._counts = tuple(counts.values())
        features = len(set().union(*self._counts))
        self._totals = [sum(seen.values()) + _SMOOTHING * features for seen in self._counts]

    def of(self, feature: str) -> tuple[float, ...] | None:
        """None where no language has it."""
        seen = [count.get(feature, 0) for count in self._counts]
        if not any(seen):
            return None
        pairs = zip(seen, self._totals, strict=True)
        return tuple(log((times + _SMOOTHING) / total) for times, total in pairs)


def _grouped(words: Mapping[str, int]) -> Counter[str]:
    groups: Counter[str] = Counter()
    for word, times in words.items():
        for group in _groups(word):
            groups[group] += times
    return groups


def _words(texts: Iterable[str]) -> list[str]:
    return [
        word
        for text in texts
        for part in text.lower().split()
        if (word := "".join(letter for letter in part if letter.isalpha() or letter == "'"))
    ]


def _groups(word: str) -> list[str]:
    """Accents are told apart in words but not here: recognisers and typists leave them out."""
    padded = f" {fold(word)} "
    return [padded[at : at + _GROUP] for at in range(len(padded) - _GROUP + 1)]
