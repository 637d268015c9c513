"""Where records wait for the database: a Redis Stream, or files on this machine.

An `Outbox` takes them in, durably; a `Source` gives them to the relay and forgets them when the
database has committed. What is read twice is written once: the tables know each record's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.chain import Breaker


class Outbox(Protocol):
    """One place to write to; a provider of `knowledge.chain`."""

    @property
    def name(self) -> str: ...
    @property
    def breaker(self) -> Breaker: ...

    async def write(self, lines: Sequence[bytes]) -> str:
        """Its own name, when all of them will survive the process. Raises Fault."""
        ...

    async def tend(self) -> list[bytes]:
        """Called a few times a second. Lines that are in doubt again, to be written anew."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Entry:
    place: str
    """Its own name in the source."""
    line: bytes


class Source(Protocol):
    """One place to read from."""

    @property
    def name(self) -> str: ...

    async def take(self, most: int) -> list[Entry]:
        """The next ones, nobody else's for now; none when there are none. Raises Fault."""
        ...

    async def done(self, entries: Sequence[Entry]) -> None:
        """All that `take` gave last: the database has them, or they were put aside."""
        ...

    async def aside(self, entry: Entry, why: str) -> None:
        """Kept for a person to look at: the database will never take it. Raises Fault."""
        ...

    async def close(self) -> None: ...
