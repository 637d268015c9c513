"""How good the answers are, on questions whose right entry is known: `answerline kb eval`."""

import random
from asyncio import Runner
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson

from agent import library, questions
from agent.embeddings import opened
from knowledge.answers import Answer, Question
from knowledge.chain import Fault
from knowledge.edition import Content
from knowledge.embedding import Embedding, Floats
from knowledge.embedding.local import EmbeddingMissing
from knowledge.embedding.vectors import Vectors, compared
from knowledge.entries import Entry
from knowledge.evaluation import (
    Best,
    Case,
    Evaluation,
    Outcomes,
    joined,
    outcomes,
    summary,
)
from knowledge.fitted import Fitted, fitted_file, fitted_to
from knowledge.index import Index
from knowledge.language import Detector
from knowledge.noise import Noise
from knowledge.outside import unseen
from knowledge.pinecone import Embedded
from knowledge.routing import Thresholds
from knowledge.shelf import vectors_file
from knowledge.twins import splits

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings.light import Light

SEED = 20
PARTS = 5
"""Each held out once."""
MISHEARD = 0.10
"""Share of the words that a recogniser gets wrong."""

MISHEARD_QUESTIONS = "misheard"

Tell = Callable[[str, int, int], None]
Build = Callable[[Sequence[Entry]], Best]


@dataclass(frozen=True, slots=True)
class Part:
    """Of what was asked."""

    questions: str
    language: str
    """"": all."""
    result: Evaluation


class Examiner:
    """Answers as the service does: words first, the embedding where they are unsure."""

    def __init__(
        self,
        settings: "Settings | Light",
        folder: Path | None,
        content: Content,
        warn: Callable[[str], None],
    ) -> None:
        self.content = content
        self.languages = settings.languages
        self.thresholds = Thresholds(
            settings.routing_answer_threshold, settings.routing_model_threshold
        )
        self._settings = settings
        self._folder = folder
        self._warn = warn
        self._stack = AsyncExitStack()
        self._runner = Runner()
        file = fitted_file(settings.data_dir, folder)
        self._fitted = fitted_to(content.entries, file)
        self._synced = file.is_file()
        self._vectors: Vectors | None = None
        self._embedding: Embedding | None = None

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(entry.id for entry in self.content.entries)

    def speaks(self, language: str) -> Callable[[str], str]:
        """The language of a text: the one given, else as detected."""
        if language:
            return lambda _: language
        detector = Detector.build(self.content.entries, self.languages)
        return lambda text: detector.detect(text).language

    def open(self) -> None:
        try:
            self._runner.run(self._open())
        except (EmbeddingMissing, Fault) as error:
            self._warn(f"by words alone: {error}")

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def answers(self, entries: Sequence[Entry]) -> Best:
        """From these entries alone."""
        index = Index.build(entries, fitted=self._fit(entries))
        if self._embedding is None or self._vectors is None:
            return index.best
        known = Vectors.of(compared(entries), self._embedding, known=self._vectors)
        embedded = Embedded(index, self._runner.run(known), self._embedding)
        return lambda question: self._answer(embedded, question)

    def _fit(self, entries: Sequence[Entry]) -> Fitted | None:
        """Where `kb sync` has fitted the content, parts of it get a fit of their own."""
        if self._fitted is None or self._fitted.of(entries) is not None:
            return self._fitted
        if not self._synced:
            return None
        from knowledge.fitting import fit  # noqa: PLC0415 (half a second)

        try:
            return fit(entries, self._rows if self._embedding is not None else None)
        except ImportError:
            self._warn("scikit-learn is not installed: parts are judged by the shipped fit")
            self._fitted = None
            return None

    def _rows(self, texts: Sequence[str]) -> Floats:
        assert self._embedding is not None
        rows: Floats = self._runner.run(self._embedding.embed(texts))
        return rows

    def ask(self, cases: Sequence[Case], best: Best, what: str, tell: Tell) -> Outcomes:
        if cases:
            best(Question(cases[0].text, cases[0].language))  # what is loaded late is loaded now
        return outcomes(best, cases, self.thresholds, tell=lambda done, of: tell(what, done, of))

    def _answer(self, embedded: Embedded, question: Question) -> Answer | None:
        answer: Answer | None = self._runner.run(embedded.answer(question))
        return answer

    async def _open(self) -> None:
        embedding = await self._stack.enter_async_context(opened(self._settings))
        if embedding is None:
            return
        file = vectors_file(self._settings.data_dir, self._folder, embedding.name)
        asked = compared(self.content.entries)
        known = Vectors.load(file)
        self._vectors = await Vectors.of(asked, embedding, known=known)
        self._embedding = embedding
        if known is None or known.marks != self._vectors.marks:
            with suppress(OSError):
                self._vectors.save(file)


@contextmanager
def examiner(
    settings: "Settings | Light", folder: Path | None, warn: Callable[[str], None]
) -> Iterator[Examiner]:
    folder = folder or settings.knowledge_dir
    content = library.read(settings, folder)
    for problem in content.problems:
        warn(str(problem))
    if not content.entries:
        raise questions.Unreadable(f"{folder}: no entry that can be used")
    one = Examiner(settings, folder, content, warn)
    try:
        one.open()
        yield one
    finally:
        one.close()


def by_file(one: Examiner, cases: Sequence[Case], tell: Tell) -> list[Part]:
    found = one.ask(cases, one.answers(one.content.entries), "questions", tell)
    parts = [Part("all", "", summary(found))]
    languages = sorted({case.language for case in cases})
    if len(languages) > 1:
        for language in languages:
            mine = np.array([case.language == language for case in cases])
            parts.append(Part("all", language, summary(found.of(mine))))
    return parts


def by_phrasings(one: Examiner, tell: Tell) -> list[Part]:
    """Each known phrasing asked of the others; and what nothing answers, of all."""
    parts = []
    for language in one.languages:
        told = [
            replace(entry, wordings={language: entry.wordings[language]})
            for entry in one.content.entries
            if language in entry.wordings
        ]
        if not told:
            continue
        rng = random.Random(SEED)  # noqa: S311 (nothing secret)
        texts = (text for entry in told for text in entry.wordings[language].asked)
        noise = Noise(texts, rng)
        strange = [Case(text, "", language) for text in unseen(language)]
        asked = [(known, held) for known, held in splits(told, language, PARTS, rng)]
        asked.append((tuple(told), tuple(strange)))
        written, misheard = [], []
        for known, held in asked:
            best = one.answers(known)
            written.append(one.ask(held, best, f"{language}, as written", tell))
            noisy = [replace(case, text=noise(case.text, MISHEARD)) for case in held]
            misheard.append(one.ask(noisy, best, f"{language}, misheard", tell))
        parts.append(Part("as written", language, summary(joined(written))))
        parts.append(Part(MISHEARD_QUESTIONS, language, summary(joined(misheard))))
    return parts


def kept(parts: Sequence[Part], share: float) -> bool:
    """Whether of all that was answered so much was right; what is misheard on purpose aside."""
    told = [part.result for part in parts if part.questions != MISHEARD_QUESTIONS]
    return all(one.right_of_all is None or one.right_of_all >= share for one in told)


def as_json(parts: Sequence[Part], thresholds: Thresholds) -> bytes:
    return orjson.dumps({"threshold": thresholds.answer, "parts": [asdict(part) for part in parts]})
