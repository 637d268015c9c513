"""The usual ways: nearest utterances by embedding, BM25, TF-IDF with logistic regression."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import bm25s
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from benchmarks.router.contender import Guess
from benchmarks.router.sentences import Sentences
from benchmarks.router.trials import pairs
from knowledge.embedding import Floats
from knowledge.entries import Entry


class Nearest:
    """As semantic-router does it: the utterances nearest to the question vote for their routes.

    Its defaults are five utterances, and of each route the mean of their cosines.
    """

    ours = lexical = False
    _MOST = 5
    _TOGETHER = 256

    def __init__(self, sentences: Sentences, how: str) -> None:
        """`how`: mean, max or sum."""
        self.name = f"semantic-router, {how}"
        self._sentences = sentences
        weights: dict[str, Callable[[Sequence[float]], float]] = {
            "mean": lambda cosines: sum(cosines) / len(cosines),
            "max": np.max,
            "sum": lambda cosines: sum(cosines) / self._MOST,
        }
        self._weigh = weights[how]
        self._rows: Floats = np.empty((0, sentences.size), np.float32)
        self._entries: list[str] = []

    def learn(self, entries: Sequence[Entry], language: str) -> None:
        texts, self._entries = map(list, zip(*pairs(entries, language), strict=True))
        self._rows = self._sentences.rows(texts)

    def guess_all(self, texts: Sequence[str]) -> list[Guess]:
        asked = self._sentences.rows(texts)
        guesses = []
        for first in range(0, len(asked), self._TOGETHER):
            cosines = asked[first : first + self._TOGETHER] @ self._rows.T
            guesses += [self._vote(row) for row in cosines]
        return guesses

    def guess(self, text: str) -> Guess:
        return self._vote(self._rows @ self._sentences.at_once(text))

    def _vote(self, cosines: Floats) -> Guess:
        most = min(self._MOST, len(cosines))
        votes: defaultdict[str, list[float]] = defaultdict(list)
        for number in np.argpartition(-cosines, most - 1)[:most].tolist():
            votes[self._entries[number]].append(float(cosines[number]))
        scores = {entry: self._weigh(given) for entry, given in votes.items()}
        best = max(scores, key=scores.__getitem__)
        return Guess(best, min(max(scores[best], 0.0), 1.0))


class Ranked:
    """BM25 (Lucene's variant): the ten best phrasings vote, each with its score."""

    name = "BM25, ten nearest"
    ours, lexical = False, True
    _MOST = 10

    def learn(self, entries: Sequence[Entry], language: str) -> None:
        texts, self._entries = map(list, zip(*pairs(entries, language), strict=True))
        self._bm25 = bm25s.BM25()
        self._bm25.index(self._tokens(texts), show_progress=False)

    def guess_all(self, texts: Sequence[str]) -> list[Guess]:
        return [self.guess(text) for text in texts]

    def guess(self, text: str) -> Guess:
        tokens = self._tokens([text])
        scores = self._bm25.get_scores(tokens[0]) if tokens[0] else np.zeros(len(self._entries))
        most = min(self._MOST, len(scores))
        votes: defaultdict[str, float] = defaultdict(float)
        for number in np.argpartition(-scores, most - 1)[:most].tolist():
            votes[self._entries[number]] += float(scores[number])
        best = max(votes, key=votes.__getitem__)
        total = sum(votes.values())
        return Guess(best, votes[best] / total if total > 0 else 0.0)

    @staticmethod
    def _tokens(texts: Sequence[str]) -> list[list[str]]:
        tokens: list[list[str]] = bm25s.tokenize(
            list(texts), stopwords=None, return_ids=False, show_progress=False
        )
        return tokens


class Linear:
    """TF-IDF of words, neighbours and letter groups; one logistic regression over all entries."""

    name = "TF-IDF + logistic regression"
    ours, lexical = False, True

    def __init__(self) -> None:
        self._model = Pipeline([])

    def learn(self, entries: Sequence[Entry], language: str) -> None:
        texts, names = zip(*pairs(entries, language), strict=True)
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+")
        letters = TfidfVectorizer(ngram_range=(2, 5), sublinear_tf=True, analyzer="char_wb")
        regression = LogisticRegression(C=20.0, max_iter=300, tol=1e-3)
        self._model = make_pipeline(make_union(words, letters), regression).fit(texts, names)

    def guess_all(self, texts: Sequence[str]) -> list[Guess]:
        chances = self._model.predict_proba(texts)
        best = chances.argmax(axis=1)
        return [
            Guess(str(self._model.classes_[at]), float(row[at]))
            for at, row in zip(best, chances, strict=True)
        ]

    def guess(self, text: str) -> Guess:
        return self.guess_all([text])[0]
