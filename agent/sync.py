"""`answerline kb sync`: whatever can be made of the content ahead of the calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent import library
from agent.calibrating import Uncalibrated, Unfittable, calibrate
from agent.embeddings import opened
from agent.settings import Settings
from agent.terminal import Told
from knowledge import edition, shelf, store
from knowledge.chain import Fault
from knowledge.edition import Content
from knowledge.embedding import Embedding
from knowledge.embedding.vectors import Vectors, compared
from knowledge.fitted import fittable, fitted_file, fitted_to
from knowledge.pinecone import Account

FITTING = 1800.0
"""Seconds for a fit, which nobody waits for on the telephone."""


class Unsynced(Exception):
    """Something that was to be done could not be; the text says what."""


async def sync(
    settings: Settings,
    folder: Path | None,
    *,
    create: bool,
    tell: Callable[[str], None],
    progress: Told,
) -> None:
    """Safe to run again: what has been done is not done twice. Raises Unsynced."""
    content = library.read(settings, folder, progress)
    if not content.entries and not content.pieces:
        raise Unsynced(f"{folder}: nothing that can be used")
    version = edition.version(content)
    tell(f"content {version}: {len(content.entries)} entries, {len(content.pieces)} passages")
    if settings.pinecone_api_key is not None and not create:
        await _there(settings)  # rather than after minutes of vectors
    async with opened(settings) as embedding:
        if embedding is None:
            tell("vectors: none, because no embedding is installed or EMBEDDING=none")
            vectors = None
        else:
            file = shelf.vectors_file(settings.data_dir, folder, embedding.name)
            vectors = await _vectors(file, content, embedding, tell, progress)
    await _fit(settings, folder, content, near=vectors is not None, tell=tell)
    if settings.pinecone_api_key is not None:
        if vectors is None:
            raise Unsynced("PINECONE_API_KEY: expected an embedding beside it; see EMBEDDING")
        await _pinecone(settings, vectors, create=create, tell=tell, progress=progress)
    await announce(settings, version, tell)


async def _vectors(
    file: Path,
    content: Content,
    embedding: Embedding,
    tell: Callable[[str], None],
    progress: Told,
) -> Vectors:
    known = Vectors.load(file)
    asked = [*compared(content.entries)]
    new = 0

    def count(done: int, of: int) -> None:
        nonlocal new
        new = of
        progress("vectors", done, of)

    try:
        vectors = await Vectors.of(asked, embedding, known=known, tell=count)
    except Fault as fault:
        raise Unsynced(f"{embedding.name}: {fault}") from fault
    vectors.save(file)
    tell(f"vectors: {len(vectors.ids)} by {vectors.embedding}, {new} of them new")
    return vectors


async def _fit(
    settings: Settings,
    folder: Path | None,
    content: Content,
    *,
    near: bool,
    tell: Callable[[str], None],
) -> None:
    """Where there is something to fit, and not all of it is there already. Raises Unsynced."""
    file = fitted_file(settings.data_dir, folder)
    if not fittable(content.entries):
        tell("confidence: as shipped, because no language has two entries")
        return
    known = fitted_to(content.entries, file)
    if known is not None and known.whole and (known.near or not near):
        tell("confidence: fitted to the phrasings of this content before")
        return
    try:
        await calibrate(file, folder, near=near, within=FITTING)
    except Unfittable as missing:
        tell(f"confidence: {missing}")
    except Uncalibrated as error:
        raise Unsynced(f"confidence: {error}") from error
    else:
        tell("confidence: fitted to the phrasings of this content")


def _account(settings: Settings) -> Account:
    assert settings.pinecone_api_key is not None
    return Account(
        settings.pinecone_api_key.get_secret_value(),
        index=settings.pinecone_index,
        namespace=settings.pinecone_namespace or "",
        host=settings.pinecone_host or "",
        controller=settings.pinecone_controller_host,
    )


@contextmanager
def _unsynced() -> Iterator[None]:
    from knowledge.pinecone.sync import Unfit  # noqa: PLC0415 (the vendor's client is large)

    try:
        yield
    except Unfit as error:
        raise Unsynced(str(error)) from error
    except Fault as fault:
        raise Unsynced(f"pinecone: {fault}") from fault


async def _there(settings: Settings) -> None:
    from knowledge.pinecone.sync import there  # noqa: PLC0415

    with _unsynced():
        await there(_account(settings))


async def _pinecone(
    settings: Settings,
    vectors: Vectors,
    *,
    create: bool,
    tell: Callable[[str], None],
    progress: Told,
) -> None:
    from knowledge.pinecone.sync import sync as level  # noqa: PLC0415

    with _unsynced():
        done = await level(
            _account(settings),
            vectors,
            create=create,
            tell=lambda n, of: progress("pinecone", n, of),
        )
    tell(f"pinecone: {done.added} added, {done.removed} removed, {done.kept} as they were")


async def announce(settings: Settings, version: str, tell: Callable[[str], None]) -> None:
    """Workers look at the folder by themselves; told, they look at once. Raises Unsynced."""
    if settings.redis_url is None:
        return
    redis = store.connect(settings.redis_url.get_secret_value())
    try:
        await shelf.announce(redis, version)
        tell(f"announced to the workers{': ' if version else ''}{version}")
    except Fault as fault:
        raise Unsynced(f"REDIS_URL: {fault}; workers find the files within seconds") from fault
    finally:
        await redis.aclose()
