"""What a test process has once for all commands that it runs."""

from collections.abc import Iterator

import pytest

from tests import forge


@pytest.fixture(scope="session", autouse=True)
def the_forge_ends_with_the_tests() -> Iterator[None]:
    yield
    forge.close()
