"""Which embedding makes vectors of sentences, as the settings choose it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agent.settings.light import Light
from knowledge.embedding import Embedding
from knowledge.embedding.local import EmbeddingMissing, LocalEmbedding

if TYPE_CHECKING:
    import openai

    from agent.settings import Settings

PATIENT = 20.0
"""Seconds for a request that no caller waits for."""


def is_remote(settings: "Settings") -> bool:
    """OpenAI's beside Pinecone, where both are set; else what EMBEDDING says."""
    beside = settings.pinecone_api_key is not None and settings.openai_api_key is not None
    return settings.embedding == "openai" or (settings.embedding == "auto" and beside)


def remote(
    settings: "Settings", http: "openai.DefaultAsyncHttpxClient", *, deadline: float = 1.0
) -> Embedding:
    from knowledge.embedding.remote import OpenAIEmbedding  # noqa: PLC0415 (openai takes 0.5 s)

    assert settings.openai_api_key is not None
    return OpenAIEmbedding(
        settings.openai_api_key.get_secret_value(),
        settings.openai_base_url,
        settings.openai_embedding_model,
        http=http,
        deadline=deadline,
    )


def local(choice: str) -> Embedding | None:
    """Takes a second. `choice` as EMBEDDING; None where it is none, or auto finds none installed.

    Raises EmbeddingMissing.
    """
    if choice == "none":
        return None
    try:
        return LocalEmbedding.load()
    except EmbeddingMissing:
        if choice == "local":
            raise
        return None


@asynccontextmanager
async def opened(settings: "Settings | Light") -> AsyncIterator[Embedding | None]:
    """For a command. Raises EmbeddingMissing."""
    if isinstance(settings, Light) or not is_remote(settings):
        yield local(settings.embedding)
        return
    from processors.model.openai import connections  # noqa: PLC0415 (openai takes 0.5 s)

    http = connections()
    try:
        yield remote(settings, http, deadline=PATIENT)
    finally:
        await http.aclose()
