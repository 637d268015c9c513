"""Who answers from the content: by words and vectors of this process, Pinecone's before them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_bytes

import openai
from loguru import logger
from redis.asyncio import Redis

from agent import embeddings
from agent.settings import Settings
from knowledge.answers import Answer, Answerer, Question
from knowledge.asker import tell
from knowledge.chain import Breaker, Fault, one
from knowledge.decisions import Decisions
from knowledge.embedding import Embedding
from knowledge.embedding.recent import Recent
from knowledge.embedding.vectors import Vectors
from knowledge.events import Emit, Event, Switched
from knowledge.fitted import ENGINE
from knowledge.index import Index
from knowledge.pinecone import Account, Embedded, Pinecone
from knowledge.pinecone.space import Space
from knowledge.shelf import Compose, Shelf

WITHIN = 0.25
"""Seconds that Pinecone, and the embedding before it, have for a turn; who is asked after them
waits for no vector that they have waited for in vain."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What a process answers from. Its owner calls `close`."""

    shelf: Shelf
    knowers: Mapping[str, Decisions]
    """By the names that an experiment may compare; "" is the usual one."""
    embedding: Embedding | None
    space: Space | None
    recent: Recent | None
    """The embedding itself, where it lies behind a network."""
    renewed: list[Callable[[], None]]
    """Told of each new edition."""
    warming: asyncio.Task[None] | None
    """Finds the index at Pinecone before a caller waits for it."""
    presence: "Presence"

    async def close(self) -> None:
        if self.warming is not None:
            self.warming.cancel()
            await asyncio.wait({self.warming})
        for decisions in set(self.knowers.values()):
            await decisions.close()
        await self.shelf.close()
        if self.recent is not None:
            await self.recent.aclose()
        if self.space is not None:
            await self.space.aclose()


class Presence:
    """Who of those who answer is there; it outlives editions."""

    def __init__(self) -> None:
        self.breakers = {name: Breaker() for name in ("pinecone", "embedded", "words")}
        self._lapses = 0

    def failed(self, name: str) -> None:
        """Pinecone is no loss for an answer: the embedded index has the same vectors."""
        self._lapses += name != "pinecone"

    def lapses(self) -> int | None:
        """How often words had to do without vectors; None while they have to."""
        return None if self.breakers["embedded"].open else self._lapses


class Ranked:
    """An `Answerer` of several, asked in order within one deadline each."""

    def __init__(
        self, answerers: Sequence[Pinecone | Embedded], presence: Presence, emit: Emit
    ) -> None:
        self._answerers = answerers
        self._presence = presence
        self._emit = emit

    async def answer(self, question: Question) -> Answer | None:
        def ask(answerer: Pinecone | Embedded) -> "asyncio.Future[Answer | None]":
            return asyncio.ensure_future(answerer.answer(question))

        return await one(self._answerers, ask, within=WITHIN, report=self._failed)

    def _failed(self, answerer: Pinecone | Embedded, fault: Fault) -> None:
        self._presence.failed(answerer.name)
        tell(Switched("", "knowledge", answerer.name, fault.kind), self._emit)


class Words:
    """An `Answerer` that goes by words alone."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def answer(self, question: Question) -> Answer | None:
        return self._shelf.current.index.best(question)


async def open_answering(
    settings: Settings,
    *,
    http: openai.DefaultAsyncHttpxClient,
    redis: Redis | None,
    emit: Emit,
    policy: Callable[[], str],
) -> Answering:
    """Loads the content and answers. `policy`: the version of the thresholds in force.

    Raises EmbeddingMissing where the one that is set is not installed.
    """
    embedding, recent = await _embedding(settings, http)
    of_content: Embedding | None = embedding
    if recent is not None:
        of_content = embeddings.remote(settings, http, deadline=embeddings.PATIENT)
    renewed: list[Callable[[], None]] = []

    def tell(event: Event) -> None:
        emit(event)
        for told in renewed:
            told()

    space = _space(settings, http) if embedding is not None else None
    presence = Presence()
    compose = _composer(embedding, recent, space, presence, emit)
    shelf = Shelf(
        settings.knowledge_dir,
        place=settings.data_dir,
        languages=settings.languages,
        compose=compose,
        emit=tell,
        embedding=of_content,
        redis=redis,
    )
    await shelf.start()
    distant = recent is not None or space is not None

    def version() -> str:
        held = shelf.current
        vectors = len(held.vectors.ids) if held.vectors else 0
        return f"{ENGINE}.{held.version}.{held.fitted:d}.{vectors}.{policy()}"

    def remembered(answerer: Answerer, name: str, shared: Redis | None) -> Decisions:
        return Decisions(
            answerer,
            lambda: f"{name}{version()}",
            key=secret(settings),
            ttl=settings.routing_cache_ttl,
            redis=shared,
            lapses=presence.lapses,
            emit=emit,
        )

    usual = remembered(shelf, "", redis if distant else None)
    knowers = {"": usual, "usual": usual, "words": remembered(Words(shelf), "words:", None)}
    warming = asyncio.create_task(_warm(space)) if space is not None else None
    return Answering(shelf, knowers, embedding, space, recent, renewed, warming, presence)


async def _warm(space: Space) -> None:
    with suppress(Fault):  # the first question will tell
        await space.check()


def _composer(
    embedding: Embedding | None,
    recent: Recent | None,
    space: Space | None,
    presence: Presence,
    emit: Emit,
) -> Compose:
    """Who answers from an edition."""
    breakers = presence.breakers

    def compose(index: Index, vectors: Vectors | None) -> Answerer:
        found: list[Pinecone | Embedded] = []
        if embedding is not None and vectors is not None:
            if space is not None:
                breaker = breakers["pinecone"]
                found.append(Pinecone(index, vectors, embedding, space, breaker=breaker))
            found.append(Embedded(index, vectors, embedding, breaker=breakers["embedded"]))
        if recent is not None or not found:  # an embedding behind a network may be away too
            found.append(Embedded(index, name="words", breaker=breakers["words"]))
        return Ranked(found, presence, emit)

    return compose


async def _embedding(
    settings: Settings, http: openai.DefaultAsyncHttpxClient
) -> tuple[Embedding | None, Recent | None]:
    if embeddings.is_remote(settings):
        recent = Recent(embeddings.remote(settings, http), patience=WITHIN)
        return recent, recent
    found = await asyncio.to_thread(embeddings.local, settings.embedding)
    if found is None and settings.embedding != "none":
        logger.warning("no embedding is installed: the knowledge goes by words alone")
    return found, None


def _space(settings: Settings, http: openai.DefaultAsyncHttpxClient) -> Space | None:
    if settings.pinecone_api_key is None:
        return None
    account = Account(
        settings.pinecone_api_key.get_secret_value(),
        settings.pinecone_index,
        settings.pinecone_namespace or "",
        settings.pinecone_host or "",
        settings.pinecone_controller_host,
    )
    return Space(account, http=http)


def secret(settings: Settings) -> bytes:
    """The same in all workers of a deployment, and nobody else's."""
    tokens = settings.twilio_auth_tokens
    return tokens[0].encode() if tokens else token_bytes(32)
