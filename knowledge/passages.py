"""Pieces of content for the model: short enough to read, long enough to answer from."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.answers import Passage
from knowledge.ingest import Entry
from knowledge.words import Lexicon, Reading

LONGEST = 90
"""Words of a passage."""
BEST = 3
ENOUGH = 0.3
"""Score below which a passage says nothing about the question."""
_OWN = 0.5
"""What the entry's own likeness counts in a passage's score; the rest is shared words."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def cut(body: str) -> list[str]:
    """Paragraphs, the long ones at sentence ends, the very long sentences at words."""
    passages: list[str] = []
    for paragraph in re.split(r"\n\s*\n", body):
        words: list[str] = []
        for sentence in _SENTENCE.split(" ".join(paragraph.split())):
            more = sentence.split()
            if words and len(words) + len(more) > LONGEST:
                passages.append(" ".join(words))
                words = []
            words += more
            while len(words) > LONGEST:
                passages.append(" ".join(words[:LONGEST]))
                words = words[LONGEST:]
        if words:
            passages.append(" ".join(words))
    return passages


class Passages:
    """The passages that a caller of one language may be answered from."""

    def __init__(
        self, entries: Sequence[Entry], spoken: Sequence[str], lexicons: Mapping[str, Lexicon]
    ) -> None:
        """`spoken`: of each entry, the language in which it is told."""
        self._pieces: list[tuple[int, str, str]] = []
        where: defaultdict[str, list[int]] = defaultdict(list)
        for number, (entry, language) in enumerate(zip(entries, spoken, strict=True)):
            wording = entry.wordings[language]
            told = f"{wording.question} {wording.answer}"
            for text in (told, *cut(entry.body)):
                # A body is told in English or in the entry's only language.
                tongue = language if text is told or "en" not in entry.wordings else "en"
                for stem in {word.stem for word in lexicons[tongue].read_all(text)}:
                    where[stem].append(len(self._pieces))
                self._pieces.append((number, entry.id, text))
        total = len(self._pieces)
        self._where = {
            stem: (np.array(ids, dtype=np.intp), float(np.log1p(total / len(ids))))
            for stem, ids in where.items()
        }
        self._unseen = float(np.log1p(total))
        self._entry = np.array([number for number, _, _ in self._pieces], dtype=np.intp)

    def best(
        self, reading: Reading, likeness: NDArray[np.float32], own: int
    ) -> tuple[Passage, ...]:
        """The best few, those of entry `own` first; `likeness` is each entry's, in [0, 1]."""
        scores = np.zeros(len(self._pieces), dtype=np.float32)
        total = 0.0
        for word in reading.words:
            ids, rarity = self._where.get(word.stem, (None, self._unseen))
            total += word.weight * rarity
            if ids is not None:
                scores[ids] += word.weight * rarity
        scores = (1 - _OWN) * scores / max(total, 1e-6) + _OWN * likeness[self._entry]
        order = np.argsort(-scores, kind="stable")[:BEST]
        chosen = [int(number) for number in order if scores[number] >= ENOUGH]
        chosen.sort(key=lambda number: self._entry[number] != own)
        return tuple(
            Passage(self._pieces[number][1], self._pieces[number][2], float(scores[number]))
            for number in chosen
        )
