"""The embedded index: from a caller's words to the best entry and how sure it is, in numpy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from knowledge.answers import FLAWLESS, Answer, Question
from knowledge.confidence import VERBATIM
from knowledge.documents import Piece
from knowledge.embedding import Near
from knowledge.entries import Entry, Wording
from knowledge.fitted import Fit, Fitted
from knowledge.leaning import CAP, leans
from knowledge.passages import Passages, Pieces
from knowledge.tongue import Tongue
from knowledge.words import Lexicon, Reading, lexicon

_SHIPPED = ("en", "es")
"""Languages whose words are known."""
_OTHER = ""
"""Any language that neither we nor the content have a word of."""


class Index:
    """An `Answerer` over entries that are known when it is built; nothing in it changes.

    What callers of a language need is made when the first of them asks: 0.1 s for 100 entries.
    """

    def __init__(
        self, entries: Sequence[Entry], documents: Sequence[Piece], fitted: Fitted | None
    ) -> None:
        self._entries = tuple(entries)
        self._documents = tuple(documents)
        self._fits: Mapping[str, Fit] = fitted.fits if fitted is not None else {}
        self._languages = {language for entry in entries for language in entry.wordings}
        self._tongues: dict[str, Tongue] = {}

    @classmethod
    def build(
        cls,
        entries: Sequence[Entry],
        *,
        documents: Sequence[Piece] = (),
        fitted: Fitted | None = None,
    ) -> "Index":
        """`fitted`: what was fitted to some content; it counts if it was fitted to this one."""
        return cls(entries, documents, fitted.of(entries) if fitted is not None else None)

    async def answer(self, question: Question) -> Answer | None:
        return self.best(question)

    def best(self, question: Question, near: Near | None = None) -> Answer | None:
        """The best entry, however unsure; None where nothing at all is shared.

        Where that is so and documents tell of it, an answer without a text has their passages.
        `near`: what the question is near to in meaning, where vectors were asked.
        """
        spoken = question.language if question.language in self._lexicons else _OTHER
        reading = self._lexicons[spoken].read(question.text)
        tongue = self._tongue(spoken)
        answer = tongue.best(question, reading, near) if tongue is not None else None
        if question.reading and (answer is None or answer.confidence < VERBATIM):
            answer = self._by_reading(question, near, answer)
        if answer is None:
            return self._told(question, reading)
        if not self._leans(question, reading, spoken):
            return answer
        if tongue is not None and tongue.says(reading):
            return answer
        return replace(answer, confidence=min(answer.confidence, CAP), leaning=True)

    def _told(self, question: Question, reading: Reading) -> Answer | None:
        """By documents alone."""
        if self._told_alone is None:
            return None
        passages = self._told_alone.best(reading, np.zeros(0, dtype=np.float32), -1)
        if not passages:
            return None
        return Answer("", 0.0, "", "", question.language, passages=passages)

    def _leans(self, question: Question, reading: Reading, spoken: str) -> bool:
        """By the words that decided."""
        if question.read:
            english = self._lexicons["en"]
            return leans(english.tokens(question.reading), english)
        return leans(reading.tokens, self._lexicons[spoken])

    def _by_reading(
        self, question: Question, near: Near | None, own: Answer | None
    ) -> Answer | None:
        """A reading that says what was said decides alone, so that the same question goes the same
        way in every language; of a worse one only what it finds more surely counts."""
        translated = self._translated(question, near)
        if translated is not None and question.read:
            return translated
        return _surer(own, translated)

    def _translated(self, question: Question, near: Near | None) -> Answer | None:
        tongue = self._tongue("en")
        read = replace(question, text=question.reading, language="en")
        reading = self._lexicons["en"].read(question.reading)
        answer = tongue.best(read, reading, near) if tongue is not None else None
        if answer is None:
            return None
        less = min(1.0, question.sure / FLAWLESS)
        answer = replace(answer, confidence=answer.confidence * less)
        wording = self._wordings.get(answer.entry, {}).get(question.language)
        if wording is None:
            return answer
        return replace(answer, text=wording.answer, language=question.language)

    def _tongue(self, language: str) -> Tongue | None:
        if not self._entries:
            return None
        if language not in self._tongues:
            self._tongues[language] = Tongue(
                self._entries, language, self._lexicons, self._pieces, self._fits.get(language)
            )
        return self._tongues[language]

    @cached_property
    def _wordings(self) -> Mapping[str, Mapping[str, Wording]]:
        return {entry.id: entry.wordings for entry in self._entries}

    @cached_property
    def _lexicons(self) -> Mapping[str, Lexicon]:
        told = {piece.language for piece in self._documents}
        known = {*_SHIPPED, *self._languages, *told}
        return {language: lexicon(language) for language in known} | {_OTHER: Lexicon()}

    @cached_property
    def _told_alone(self) -> Passages | None:
        return Passages((), (), self._lexicons, self._pieces) if self._pieces else None

    @cached_property
    def _pieces(self) -> Pieces | None:
        return Pieces(self._documents, self._lexicons) if self._documents else None


def _surer(one: Answer | None, other: Answer | None) -> Answer | None:
    if one is None or other is None:
        return one or other
    return one if one.confidence >= other.confidence else other
