"""Sentences as vectors, remembered from one run to the next: making them is most of the time."""

from asyncio import Runner
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from knowledge.embedding import Floats, spoken
from knowledge.embedding.local import LocalEmbedding
from knowledge.embedding.vectors import Vectors, mark


class Sentences:
    """An `Embedding` that embeds nothing twice, but for `anew`."""

    def __init__(self, embedding: LocalEmbedding, file: Path, runner: Runner) -> None:
        self.name, self.size = embedding.name, embedding.size
        self.anew = embedding
        self._file = file
        self._runner = runner
        known = Vectors.load(file)
        same = known is not None and known.embedding == self.name
        self._rows = dict(zip(known.marks, known.rows, strict=True)) if known and same else {}
        self._written = len(self._rows)

    def learn(self, texts: Iterable[str]) -> None:
        """Embeds what is new among them, and writes down all that is known."""
        self._runner.run(self._embed(list(texts)))
        if self._written < len(self._rows):
            keys = tuple(self._rows)
            rows = np.stack(list(self._rows.values()))
            Vectors(self.name, keys, keys, rows).save(self._file)
            self._written = len(self._rows)

    def rows(self, texts: Sequence[str]) -> Floats:
        return self._runner.run(self._embed(texts))

    def at_once(self, text: str) -> Floats:
        """Not remembered: what a question costs that was never asked before."""
        row: Floats = self._runner.run(self.anew.embed([spoken(text)]))[0]
        return row

    async def embed(self, texts: Sequence[str]) -> Floats:
        return await self._embed(texts)

    async def _embed(self, texts: Sequence[str]) -> Floats:
        asked = {mark(text, self.name): text for text in map(spoken, texts)}
        new = {key: text for key, text in asked.items() if key not in self._rows}
        if new:
            rows = await self.anew.embed(list(new.values()))
            self._rows.update(zip(new, rows, strict=True))
        found: Floats = np.stack([self._rows[mark(spoken(text), self.name)] for text in texts])
        return found
