"""The newest whole edition of the knowledge, for every turn anew.

A change of the folder is seen within `every` seconds, at once where Redis announces it. The next
edition is made beside the calls; until it is whole the old one answers.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from loguru import logger
from redis.asyncio import Redis

from knowledge import edition
from knowledge.answers import Answer, Answerer, Question
from knowledge.chain import Fault
from knowledge.edition import Content
from knowledge.embedding import Embedding
from knowledge.embedding.vectors import Vectors, compared, mark
from knowledge.entries import Entry
from knowledge.events import Emit, Event
from knowledge.fitted import Fitted, fitted_file, fitted_to
from knowledge.index import Index
from knowledge.kept import Kept
from knowledge.store import faults

CHANNEL = "answerline:knowledge"
"""Where a new edition is announced in Redis; the message is its version."""
EVERY = 2.0
"""Seconds between two looks at the folder."""
_AGAIN = 5.0
"""Seconds until Redis, and 12 times that until an embedding, is tried again."""
_LISTENING = 1.0
"""Seconds that one look into the channel waits."""


@dataclass(frozen=True, slots=True)
class Renewed(Event):
    """A new edition of the knowledge answers from now on."""

    version: str
    entries: int


@dataclass(frozen=True, slots=True)
class Edition:
    content: Content
    index: Index
    version: str
    vectors: Vectors | None
    answerer: Answerer
    fitted: bool = False
    """Whether the confidence was fitted to this very content."""


class Compose(Protocol):
    def __call__(self, index: Index, vectors: Vectors | None) -> Answerer:
        """Who answers from one edition; asked again for the next one."""
        ...


class Shelf:
    """An `Answerer`. Its owner calls `start`, later `close`."""

    def __init__(
        self,
        folder: Path | None,
        *,
        place: Path,
        languages: Sequence[str],
        compose: Compose,
        emit: Emit,
        embedding: Embedding | None = None,
        redis: Redis | None = None,
        every: float = EVERY,
    ) -> None:
        """`folder`: None for the shipped content. `place`: DATA_DIR. `redis` is its owner's."""
        self._folder = folder
        self._kept = Kept(place / "kept")
        self._vectors = vectors_file(place, folder, embedding.name if embedding else "")
        self._fit = fitted_file(place, folder)
        self._fitted_of: object = None
        """State of that file when it was read last."""
        self._languages = tuple(languages)
        self._compose = compose
        self._emit = emit
        self._embedding = embedding
        self._redis = redis
        self._every = every
        self._current: Edition | None = None
        self._seen: object = None
        self._look = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._improving: asyncio.Task[None] | None = None

    @property
    def current(self) -> Edition:
        assert self._current is not None, "before start"
        return self._current

    async def answer(self, question: Question) -> Answer | None:
        return await self.current.answerer.answer(question)

    async def start(self) -> None:
        """Returns with an edition that answers, an empty one where the folder has nothing."""
        self._seen = await asyncio.to_thread(self._state)
        content = await asyncio.to_thread(self._read)
        await self._take(content)
        self._tasks.append(asyncio.create_task(self._watch(), name="shelf: folder"))
        if self._redis is not None:
            self._tasks.append(asyncio.create_task(self._listen(self._redis), name="shelf: redis"))

    async def close(self) -> None:
        tasks = [*self._tasks, *([self._improving] if self._improving else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks, self._improving = [], None

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._look.wait()
            self._look.clear()
            try:
                state = await asyncio.to_thread(self._state)
                if state != self._seen:
                    await self._renew()
                    self._seen = state
            except OSError as error:  # no more processes, no more files: later there may be
                logger.bind(why=error.strerror).error("knowledge cannot be read, the old one stays")

    async def _renew(self) -> None:
        content = await asyncio.to_thread(self._read)
        if not content.entries and not content.pieces:
            logger.bind(problems=_told(content)).error("knowledge is not usable, the old one stays")
        elif content != self.current.content or _stamp(self._fit) != self._fitted_of:
            await self._take(content)

    async def _take(self, content: Content) -> None:
        """From the next turn on this is what is known."""
        made = await asyncio.to_thread(self._edition, content)
        self._current = made
        if content.problems:
            logger.bind(problems=_told(content)).warning("knowledge files left out")
        self._emit(Renewed("", made.version, len(content.entries)))
        if self._improving is not None:
            self._improving.cancel()
        self._improving = asyncio.create_task(self._improve(made), name="shelf: vectors")

    async def _improve(self, made: Edition) -> None:
        """What takes longer than a caller would wait for a new text."""
        if self._embedding is None:
            return
        asked = [*compared(made.content.entries)]
        if made.vectors is not None and len(made.vectors.ids) == len(asked):
            return
        while True:
            try:
                vectors = await Vectors.of(asked, self._embedding, known=made.vectors)
                break
            except Fault as fault:
                logger.bind(fault=fault.kind).warning("no vectors, the knowledge goes by words")
                await asyncio.sleep(12 * _AGAIN)
        with suppress(OSError):
            await asyncio.to_thread(vectors.save, self._vectors)
        fitted = await asyncio.to_thread(self._fitting, made.content)
        index = await asyncio.to_thread(self._built, made.content, fitted)
        answerer = await asyncio.to_thread(self._compose, index, vectors)
        self._current = replace(made, index=index, vectors=vectors, answerer=answerer)
        self._emit(Renewed("", made.version, len(made.content.entries)))

    async def _listen(self, redis: Redis) -> None:
        while True:
            with suppress(Fault), faults():
                async with redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    self._look.set()  # what was announced before is not told again
                    while True:
                        if await channel.get_message(timeout=_LISTENING) is not None:
                            self._look.set()
            await asyncio.sleep(_AGAIN)

    def _state(self) -> object:
        """Differs where there is something to read."""
        place = self._folder or edition.shipped()
        mark = edition.fingerprint(place).text if isinstance(place, Path) else ""
        return mark, _today(), _stamp(self._fit)

    def _read(self) -> Content:
        return edition.gather(self._folder, _today(), languages=self._languages, kept=self._kept)

    def _edition(self, content: Content) -> Edition:
        vectors = self._known(content)
        self._fitted_of = _stamp(self._fit)
        fitted = self._fitting(content)
        index = self._built(content, fitted)
        return Edition(
            content,
            index,
            edition.version(content),
            vectors,
            self._compose(index, vectors),
            fitted=fitted is not None,
        )

    def _built(self, content: Content, fitted: Fitted | None) -> Index:
        index = Index.build(content.entries, documents=content.pieces, fitted=fitted)
        for language in {language for entry in content.entries for language in entry.wordings}:
            index.best(Question("ready", language))  # whatever is built when it is first asked
        return index

    def _fitting(self, content: Content) -> Fitted | None:
        return fitted_to(content.entries, self._fit)

    def _known(self, content: Content) -> Vectors | None:
        """Of those phrasings whose text has a vector from before."""
        if self._embedding is None:
            return None
        before = self._current.vectors if self._current is not None else None
        known = before or Vectors.load(self._vectors)
        return still(known, content.entries) if known is not None else None


def vectors_file(place: Path, folder: Path | None, embedding: str) -> Path:
    """Where in DATA_DIR an embedding's vectors of a folder are kept."""
    of = str(folder.resolve()) if folder is not None else "shipped"
    return place / "index" / f"{Kept.key(of, embedding)[:16]}.npz"


async def announce(redis: Redis, version: str) -> None:
    """Tells every worker to look. Raises Fault."""
    with faults():
        await redis.publish(CHANNEL, version)


def still(known: Vectors, entries: Iterable[Entry]) -> Vectors | None:
    """The vectors of those texts of entries that are known."""
    rows = {mark: number for number, mark in enumerate(known.marks)}
    asked = [(phrasing.id, mark(phrasing.text, known.embedding)) for phrasing in compared(entries)]
    held = [(name, of, rows[of]) for name, of in asked if of in rows]
    if not held:
        return None
    names, marks, numbers = zip(*held, strict=True)
    return Vectors(known.embedding, names, marks, known.rows[list(numbers)])


def _stamp(file: Path) -> tuple[int, int] | None:
    """Differs where the file does."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _today() -> date:
    return datetime.now(UTC).date()


def _told(content: Content) -> list[str]:
    return [str(problem) for problem in content.problems[:20]]
