"""Which language a short text is in: whole words first, letter groups for what is not known."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, log

from knowledge.ingest import Entry
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

    def __init__(self, samples: Mapping[str, Iterable[str]]) -> None:
        words = {language: Counter(_words(texts)) for language, texts in samples.items()}
        groups = {
            language: Counter(group for word, n in count.items() for group in _groups(word) * n)
            for language, count in words.items()
        }
        self._languages = tuple(samples)
        self._words = _evidence(words)
        self._groups = _evidence(groups)

    @classmethod
    def build(cls, entries: Iterable[Entry], languages: Iterable[str]) -> "Detector":
        """From the words that each language is made of and from what entries say in it."""
        samples = {language: list(lexicon(language).weights) for language in languages}
        for entry in entries:
            for language, wording in entry.wordings.items():
                if language in samples:
                    samples[language] += [*wording.asked, wording.answer]
        return cls({language: texts for language, texts in samples.items() if texts})

    def detect(self, text: str) -> Guess:
        """The first language, with an equal share, where nothing is known of the text."""
        scores = [0.0] * len(self._languages)
        for word in _words([text])[:_LONGEST]:
            known = self._words.get(word)
            if known is not None:
                scores = [score + more for score, more in zip(scores, known, strict=True)]
            for group in _groups(word):
                shares = self._groups.get(group)
                if shares is not None:
                    pairs = zip(scores, shares, strict=True)
                    scores = [score + _FLATTEN * more for score, more in pairs]
        best = max(scores, default=0.0)
        chances = [exp(max(score - best, -60.0)) for score in scores]
        at = chances.index(max(chances))
        return Guess(self._languages[at], min(chances[at] / sum(chances), _SUREST))


def _evidence(counts: Mapping[str, Counter[str]]) -> dict[str, tuple[float, ...]]:
    """Per feature: its log probability in each language."""
    features = sorted(set().union(*counts.values()))
    totals = [sum(count.values()) + _SMOOTHING * len(features) for count in counts.values()]
    return {
        feature: tuple(
            log((count[feature] + _SMOOTHING) / total)
            for count, total in zip(counts.values(), totals, strict=True)
        )
        for feature in features
    }


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
