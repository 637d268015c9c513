"""What a language model must not say: what it was told of itself, whoever asks for it."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from knowledge.words import fold

ROW = 6
"""Words in a row that nobody says by chance."""
_WORD = re.compile(r"[\w']+")


class Withheld:
    """`texts`: the instructions that go ahead of every conversation. Made in 0.1 ms."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._rows = {row for text in texts for row in _rows(_WORD.findall(fold(text)))}

    def holds(self, said: str, before: str = "") -> bool:
        """Whether a sentence repeats some of it; `before`: the sentence ahead of it, since a row of
        words may begin there."""
        words = _WORD.findall(fold(said))
        last = _WORD.findall(fold(before))[-(ROW - 1) :]
        return any(row in self._rows for row in _rows([*last, *words]))


class Guard:
    """Of one answer, sentence by sentence."""

    def __init__(self, withheld: Withheld, instead: str, told: Callable[[], None]) -> None:
        """`instead`: said once in place of what is withheld. `told`: there was something."""
        self._withheld = withheld
        self._instead = instead
        self._told = told
        self._before = ""
        self._leaked = False

    def passed(self, sentences: Iterable[str]) -> Iterator[str]:
        for sentence in sentences:
            leaks, self._before = self._withheld.holds(sentence, self._before), sentence
            if not leaks:
                yield sentence
            elif not self._leaked:
                self._leaked = True
                self._told()
                yield self._instead


def _rows(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + ROW]) for at in range(len(words) - ROW + 1)}
