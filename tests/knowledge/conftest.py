"""A PostgreSQL and the built-in embedding for all tests of a process."""

from collections.abc import Iterator

import pytest

from knowledge.embedding.local import LocalEmbedding
from tests.postgres import Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def embedding() -> LocalEmbedding:
    """It takes a second to load."""
    return LocalEmbedding.load()
