"""Pieces of content for the model: short enough to read, long enough to answer from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import log1p

import numpy as np
from numpy.typing import NDArray

from knowledge.answers import Passage
from knowledge.documents import Piece, cut
from knowledge.entries import Entry
from knowledge.words import Lexicon, Reading

BEST = 3
ENOUGH = 0.3
"""Score below which a passage says nothing about the question."""
_OWN = 0.5
"""What the entry's own likeness counts in a passage's score; the rest is shared words."""
_HEADED = 0.8
"""What a word counts that stands in a piece's headings only."""
_NO_LEXICON = Lexicon()


Held = tuple[NDArray[np.intp], NDArray[np.float32]]
"""Texts that hold a word, and what it counts in each."""
_Where = defaultdict[str, dict[int, float]]


class Pieces:
    """The pieces of documents; whatever language the caller speaks, they are read once."""

    def __init__(self, documents: Sequence[Piece], lexicons: Mapping[str, Lexicon]) -> None:
        """A language that has no lexicon is compared word for word."""
        where: _Where = defaultdict(dict)
        for number, piece in enumerate(documents):
            words = lexicons.get(piece.language, _NO_LEXICON)
            for word in words.read_all(piece.heading):
                where[word.stem][number] = _HEADED
            for word in words.read_all(piece.text):
                where[word.stem][number] = 1.0
        self.documents = tuple(documents)
        self.where = _arrays(where)


class Passages:
    """The passages that a caller of one language may be answered from."""

    def __init__(
        self,
        entries: Sequence[Entry],
        spoken: Sequence[str],
        lexicons: Mapping[str, Lexicon],
        documents: Sequence[Piece] | Pieces = (),
    ) -> None:
        """`spoken`: of each entry, the language in which it is told."""
        self._pieces = documents if isinstance(documents, Pieces) else Pieces(documents, lexicons)
        self._texts: list[tuple[str, str]] = []
        owners: list[int] = []
        where: _Where = defaultdict(dict)
        for number, (entry, language) in enumerate(zip(entries, spoken, strict=True)):
            wording = entry.wordings[language]
            told = f"{wording.question} {wording.answer}"
            for text in (told, *cut(entry.body)):
                # A body is told in English or in the entry's only language.
                tongue = language if text is told or "en" not in entry.wordings else "en"
                for word in lexicons[tongue].read_all(text):
                    where[word.stem][len(self._texts)] = 1.0
                self._texts.append((entry.id, text))
                owners.append(number)
        self._where = _arrays(where)
        self._entry = np.array(owners, dtype=np.intp)
        self._total = len(self._texts) + len(self._pieces.documents)

    def best(
        self,
        reading: Reading,
        likeness: NDArray[np.float32],
        own: int,
        *,
        also: Sequence[Reading] = (),
    ) -> tuple[Passage, ...]:
        """The best few, those of entry `own` first; `likeness` is each entry's, in [0, 1].

        `also`: the same question in other languages; each passage is met in the one it suits.
        """
        scores = np.maximum.reduce([self._score(one) for one in (reading, *also)])
        entries = slice(0, len(self._texts))
        scores[entries] = (1 - _OWN) * scores[entries] + _OWN * likeness[self._entry]
        enough = np.flatnonzero(scores >= ENOUGH)
        order = enough[np.argsort(-scores[enough], kind="stable")][:BEST]
        chosen = sorted(order.tolist(), key=lambda number: self._owner(number) != own)
        return tuple(Passage(*self._text(number), score=float(scores[number])) for number in chosen)

    def _score(self, reading: Reading) -> NDArray[np.float32]:
        """Per text, documents last: the share of the question that it holds."""
        scores = np.zeros(self._total, dtype=np.float32)
        own, others = scores[: len(self._texts)], scores[len(self._texts) :]
        whole = 0.0
        for word in reading.words:
            here, there = self._where.get(word.stem), self._pieces.where.get(word.stem)
            holders = sum(len(held[0]) for held in (here, there) if held is not None)
            weight = word.weight * log1p(self._total / max(holders, 1))
            whole += weight
            for part, held in ((own, here), (others, there)):
                if held is not None:
                    part[held[0]] += held[1] * np.float32(weight)
        scores /= np.float32(max(whole, 1e-6))
        return scores

    def _owner(self, number: int) -> int:
        return int(self._entry[number]) if number < len(self._entry) else -1

    def _text(self, number: int) -> tuple[str, str]:
        """Source and text."""
        if number < len(self._texts):
            return self._texts[number]
        piece = self._pieces.documents[number - len(self._texts)]
        return piece.document, piece.told


def _arrays(where: Mapping[str, Mapping[int, float]]) -> dict[str, Held]:
    return {
        stem: (
            np.fromiter(held, dtype=np.intp, count=len(held)),
            np.fromiter(held.values(), dtype=np.float32, count=len(held)),
        )
        for stem, held in where.items()
    }
