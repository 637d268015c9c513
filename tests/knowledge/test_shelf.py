"""The newest whole edition answers; what comes in meanwhile is made beside the calls."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from redis.asyncio import Redis

from knowledge.answers import Answer, Question
from knowledge.chain import Fault
from knowledge.embedding import Embedding, Floats, unit
from knowledge.events import Event
from knowledge.outside import LANGUAGES, strangers
from knowledge.pinecone import Embedded
from knowledge.shelf import Renewed, Shelf, announce
from tests.eventually import until

ENTRY = """---
id: {id}
en:
  question: {question}
  answer: {answer}
---
"""
SOON = 0.02
PATIENCE = 30.0


class Letters:
    """An embedding that counts letters; away until it is told otherwise."""

    name, size = "letters", 26

    def __init__(self) -> None:
        self.away = False
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Floats:
        if self.away:
            raise Fault("refused")
        self.embedded += texts
        counts = [[1 + text.count(chr(97 + letter)) for letter in range(26)] for text in texts]
        return unit(np.array(counts, dtype=np.float32))


class House:
    """A folder, a shelf that serves it, and what the shelf told."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "content"
        self.place = root / "data"
        self.events: list[Event] = []
        self.folder.mkdir()
        self.write("umbrella", "Where is my umbrella?", "At the front desk.")

    def write(self, name: str, question: str, answer: str) -> None:
        (self.folder / f"{name}.md").write_text(
            ENTRY.format(id=name, question=question, answer=answer)
        )

    @asynccontextmanager
    async def shelf(
        self,
        *,
        every: float = SOON,
        embedding: Embedding | None = None,
        redis: Redis | None = None,
    ) -> AsyncIterator[Shelf]:
        shelf = Shelf(
            self.folder,
            place=self.place,
            languages=("en", "es"),
            compose=lambda index, vectors: Embedded(index, vectors, embedding),
            emit=self.events.append,
            embedding=embedding,
            redis=redis,
            every=every,
        )
        await shelf.start()
        try:
            yield shelf
        finally:
            await shelf.close()

    @property
    def renewed(self) -> list[Renewed]:
        return [event for event in self.events if isinstance(event, Renewed)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def said(shelf: Shelf, text: str) -> str:
    found: Answer | None = await shelf.answer(Question(text, "en"))
    return found.text if found is not None else ""


async def test_a_new_text_is_answered_from_without_a_restart(house: House) -> None:
    async with house.shelf() as shelf:
        assert await said(shelf, "Where is my umbrella?") == "At the front desk."
        first = shelf.current.version
        house.write("umbrella", "Where is my umbrella?", "It was stolen.")
        house.write("hat", "Where is my hat?", "On your head.")
        await until(lambda: len(shelf.current.content.entries) == 2, within=PATIENCE)
        await until(lambda: shelf.current.content.entries[1].wordings["en"].answer[:2] == "It",
                    within=PATIENCE)  # fmt: skip
        assert await said(shelf, "Where is my umbrella?") == "It was stolen."
        assert shelf.current.version != first
        assert house.renewed[-1].version == shelf.current.version
        (house.folder / "hat.md").unlink()
        await until(lambda: len(shelf.current.content.entries) == 1, within=PATIENCE)


async def test_a_file_that_broke_leaves_the_others_in_service(house: House) -> None:
    house.write("hat", "Where is my hat?", "On your head.")
    async with house.shelf() as shelf:
        (house.folder / "hat.md").write_text("---\nid: hat\n")
        await until(lambda: bool(shelf.current.content.problems), within=PATIENCE)
        assert await said(shelf, "Where is my umbrella?") == "At the front desk."


async def test_where_nothing_is_left_the_old_edition_stays(house: House) -> None:
    async with house.shelf() as shelf:
        before = shelf.current
        (house.folder / "umbrella.md").write_bytes(b"\xff\xfe")
        seen = shelf._seen
        await until(lambda: shelf._seen != seen, within=PATIENCE)
        house.write("hat", "Where is my hat?", "On your head.")
        assert shelf.current is before
        await until(lambda: shelf.current is not before, within=PATIENCE)
        assert [entry.id for entry in shelf.current.content.entries] == ["hat"]


async def test_a_shelf_may_be_empty_at_first(house: House) -> None:
    (house.folder / "umbrella.md").unlink()
    async with house.shelf() as shelf:
        assert await said(shelf, "Where is my umbrella?") == ""
        house.write("hat", "Where is my hat?", "On your head.")
        await until(lambda: bool(shelf.current.content.entries), within=PATIENCE)


async def test_vectors_come_later_and_are_kept_for_the_texts_that_stay(house: House) -> None:
    letters = Letters()
    async with house.shelf(embedding=letters) as shelf:
        await until(lambda: shelf.current.vectors is not None, within=PATIENCE)
        house.write("hat", "Where is my hat?", "On your head.")
        await until(lambda: bool(shelf.current.vectors and "hat#en#0" in shelf.current.vectors.ids),
                    within=PATIENCE)  # fmt: skip
    strange = dict.fromkeys(text for language in LANGUAGES for text in strangers(language))
    assert letters.embedded == ["Where is my umbrella?", *strange, "Where is my hat?"]
    letters.embedded.clear()
    async with house.shelf(embedding=letters) as shelf:
        assert shelf.current.vectors is not None, "from the start"
        assert not letters.embedded


async def test_without_the_embedding_the_words_answer(house: House) -> None:
    letters = Letters()
    letters.away = True
    async with house.shelf(embedding=letters) as shelf:
        assert await said(shelf, "Where is my umbrella?") == "At the front desk."
        assert shelf.current.vectors is None


async def test_an_announcement_is_followed_at_once(house: House, redis: Redis) -> None:
    async with house.shelf(every=3600.0, redis=redis) as shelf:
        for number, name in enumerate(("hat", "cap"), 2):
            house.write(name, f"Where is my {name}?", "On the peg.")
            async with asyncio.timeout(PATIENCE):
                while len(shelf.current.content.entries) < number:
                    await announce(redis, name)
                    await asyncio.sleep(SOON)
