"""Answerline's router, as the service asks it: words first, vectors where they are unsure."""

from asyncio import Runner
from collections.abc import Callable, Sequence

from benchmarks.router.contender import Guess
from benchmarks.router.sentences import Sentences
from knowledge.answers import Answer, Question
from knowledge.embedding import Embedding
from knowledge.embedding.vectors import Vectors, compared
from knowledge.entries import Entry
from knowledge.evaluation import unspeakable
from knowledge.index import Index
from knowledge.pinecone import Embedded
from knowledge.routing import Thresholds, choose

THRESHOLDS = Thresholds()
Build = Callable[[Sequence[Entry]], Index]
PLAIN, FITTED = "", ", fitted"
"""With the shipped coefficients; with those that were fitted to the content."""


class Words:
    ours = lexical = True

    def __init__(self, build: Build, how: str) -> None:
        """`how`: PLAIN or FITTED, as `build` does it."""
        self.name = f"Answerline, words{how}"
        self._build = build

    def learn(self, entries: Sequence[Entry], language: str) -> None:
        self._language = language
        self._index = self._build(entries)

    def guess_all(self, texts: Sequence[str]) -> list[Guess]:
        return [self.guess(text) for text in texts]

    def guess(self, text: str) -> Guess:
        return decided(self._index.best(Question(text, self._language)))


class Meaning:
    """The embedding is asked where words alone are not sure."""

    ours, lexical = True, False

    def __init__(self, build: Build, how: str, sentences: Sentences, runner: Runner) -> None:
        self.name = f"Answerline, meaning{how}"
        self._build = build
        self._sentences = sentences
        self._runner = runner

    def learn(self, entries: Sequence[Entry], language: str) -> None:
        self._language = language
        known = [entry for entry in entries if language in entry.wordings]
        self._vectors = self._runner.run(Vectors.of(compared(known), self._sentences))
        self._index = self._build(entries)
        self._known = self._embedded(self._sentences)
        self._anew = self._embedded(self._sentences.anew)

    def guess_all(self, texts: Sequence[str]) -> list[Guess]:
        return [self._guess(self._known, text) for text in texts]

    def guess(self, text: str) -> Guess:
        return self._guess(self._anew, text)

    def _embedded(self, embedding: Embedding) -> Embedded:
        return Embedded(self._index, self._vectors, embedding)

    def _guess(self, embedded: Embedded, text: str) -> Guess:
        return decided(self._runner.run(embedded.answer(Question(text, self._language))))


def decided(answer: Answer | None) -> Guess:
    decision = choose(answer, THRESHOLDS, model_available=True, ticket_id="")
    entry = answer.entry if answer else ""
    return Guess(entry, decision.confidence, barred=unspeakable(answer))
