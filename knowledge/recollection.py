"""What is known of a call, as it is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import orjson

LAST = 10
"""Exchanges of a call that are kept."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of the caller and what the agent answered."""

    at: float
    """Unix time at which it began. Remembering the same `at` again replaces the exchange."""
    caller: str
    agent: str
    """Only what the caller heard of it."""
    language: str
    """Two letters, ISO 639-1."""


@dataclass(frozen=True, slots=True)
class Recollection:
    """What is known of a call."""

    exchanges: tuple[Exchange, ...] = ()
    """The last ones, oldest first."""
    language: str = ""
    """The one spoken last; "" while nothing was said."""
    greeted: bool = False
    turns: int = 0
    """Exchanges since the call began, those no longer kept as well."""
    at: float = 0.0
    """Unix time of the latest change."""
    asked: str = ""
    """What the caller said last, while no answer to it was heard."""
    sealed: str = ""
    """What only the call itself may know, as `knowledge.sealed` closes it."""

    def with_exchange(self, exchange: Exchange, now: float) -> "Recollection":
        kept = {known.at: known for known in self.exchanges}
        new = exchange.at not in kept
        kept[exchange.at] = exchange
        return replace(
            self,
            exchanges=_latest(kept),
            language=exchange.language,
            turns=self.turns + new,
            at=now,
            asked="",
        )

    def merged(self, other: "Recollection") -> "Recollection":
        """Both together; where they differ, the later one is right."""
        older, newer = sorted((self, other), key=lambda known: known.at)
        kept = {known.at: known for known in (*older.exchanges, *newer.exchanges)}
        return Recollection(
            exchanges=_latest(kept),
            language=newer.language or older.language,
            greeted=older.greeted or newer.greeted,
            turns=max(older.turns, newer.turns, len(kept)),
            at=newer.at,
            asked=newer.asked,
            sealed=newer.sealed,
        )


def _latest(kept: dict[float, Exchange]) -> tuple[Exchange, ...]:
    return tuple(kept[at] for at in sorted(kept)[-LAST:])


def encode(known: Recollection) -> bytes:
    """Without empty texts: a version that has no such field, and takes no record with a field that
    it does not know, can go on with all calls but those that need it."""
    told = {name: value for name, value in asdict(known).items() if value != ""}
    return orjson.dumps({"version": VERSION, **told})


def decode(value: bytes | str) -> Recollection:
    """What a later version has added is left out: while a deployment rolls, both read and write.
    Raises ValueError for what is no record of a call."""
    try:
        record = orjson.loads(value)
        if record["version"] != VERSION:
            raise ValueError("a record of another version")
        exchanges = tuple(Exchange(**_known(Exchange, each)) for each in record["exchanges"])
        return Recollection(**_known(Recollection, record) | {"exchanges": exchanges})
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not a record of a call") from error


def _known(kind: type[Exchange | Recollection], record: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: record[field.name] for field in fields(kind) if field.name in record}


def key(call: str) -> str:
    """Where Redis has it."""
    return f"answerline:call:{{{call}}}:memory"


def epoch_key(call: str) -> str:
    """Where Redis counts the streams that a call has had."""
    return f"answerline:call:{{{call}}}:epoch"
