"""A recogniser's mistakes, imitated: words lost, words replaced by similar ones that are known."""

import random
from collections import defaultdict
from collections.abc import Iterable

from knowledge.words import fold


class Noise:
    def __init__(self, texts: Iterable[str], rng: random.Random) -> None:
        """`texts`: whose words a recogniser of this content would rather hear than others."""
        self._rng = rng
        self._similar: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted({word for text in texts for word in fold(text).split()}):
            for key in _keys(word):
                self._similar[key].append(word)

    def __call__(self, text: str, rate: float) -> str:
        """Each word is lost or replaced with probability `rate` / 2 each; at least one stays."""
        words = fold(text).replace("?", "").replace("¿", "").split()
        said = []
        for word in words:
            chance = self._rng.random()
            if chance < rate / 2:
                continue
            said.append(self._misheard(word) if chance < rate else word)
        return " ".join(said or words[:1])

    def _misheard(self, word: str) -> str:
        near = [other for key in _keys(word) for other in self._similar[key] if other != word]
        return self._rng.choice(near) if near else word[::-1]


def _keys(word: str) -> tuple[str, str]:
    """What similar words share: the first sound with the length, the consonants."""
    consonants = "".join(letter for letter in word if letter not in "aeiouhy")
    return f"{word[:2]}{len(word)}", consonants
