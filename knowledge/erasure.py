"""What was erased stays so: records that still wait somewhere are dropped when they come.

A tombstone is a digest: it says of a call that is named to it that it was erased, and of none which
call that was.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.events import Began
from knowledge.records import Record, of_kind
from knowledge.tables import (
    call_backs,
    calls,
    erased,
    outcomes,
    routing_history,
    tool_uses,
    transfers,
    turns,
)

ANONYMOUS = "anonymous:"
"""Begins what stands in place of a call's id and a ticket: no CallSid has a colon."""
_OF_A_CALL = (turns, transfers, call_backs, tool_uses)


def of_call(call: str) -> str:
    return _digest("call", call)


def of_caller(caller: str) -> str:
    """`caller`: the keyed hash of a number, as `knowledge.callers` makes it."""
    return _digest("caller", caller)


def _digest(kind: str, name: str) -> str:
    text = f"answerline erased {kind}\0{name}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Erased:
    """What a process knows to be erased: whoever keeps something asks before it keeps more."""

    def __init__(self, *, most: int = 100_000) -> None:
        """`most`: digests; beyond them the oldest go."""
        self._most = most
        self._digests: OrderedDict[str, None] = OrderedDict()

    def add(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._digests[digest] = None
            self._digests.move_to_end(digest)
        while len(self._digests) > self._most:
            self._digests.popitem(last=False)

    def call(self, call: str) -> bool:
        """Whether it was."""
        return bool(self._digests) and of_call(call) in self._digests


async def living(connection: AsyncConnection, batch: Sequence[Record]) -> list[Record]:
    """Without records of erased calls. A call that turns out to be an erased caller's, because its
    beginning had not been written down yet, goes with the others."""
    told = {record.id: _names(record) for record in batch}
    wanted = {digest for digests in told.values() for digest in digests if digest}
    if not wanted:
        return list(batch)
    found = await connection.execute(select(erased).where(erased.c.digest.in_(wanted)))
    gone = {row.digest: row.at for row in found}
    if not gone:
        return list(batch)
    late = {
        str(record.fields["call"])
        for record in of_kind(batch, Began)
        if (at := gone.get(told[record.id][1])) is not None and record.moment <= at
    }
    if late := {call for call in late if of_call(call) not in gone}:
        now = datetime.now(UTC)
        await mark(connection, {of_call(call) for call in late}, now)
        await forget(connection, late)
        await dismiss(connection, late)
        gone |= {of_call(call): now for call in late}
    return [record for record in batch if told[record.id][0] not in gone]


def _names(record: Record) -> tuple[str, str]:
    """Digests of its call and, where it says so, of its caller."""
    call, caller = record.fields.get("call"), record.fields.get("caller")
    return (
        of_call(call) if isinstance(call, str) and call else "",
        of_caller(caller) if isinstance(caller, str) and caller else "",
    )


async def mark(connection: AsyncConnection, digests: Collection[str], at: datetime) -> None:
    """Again is later: a caller may be erased more than once."""
    if not digests:
        return
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(erased)
    await connection.execute(
        new.on_conflict_do_update(index_elements=[erased.c.digest], set_={"at": new.excluded.at}),
        [{"digest": digest, "at": at} for digest in sorted(digests)],
    )


async def calls_of(connection: AsyncConnection, caller: str) -> list[str]:
    found = await connection.execute(select(calls.c.call).where(calls.c.caller == caller))
    return [str(row.call) for row in found]


async def count(connection: AsyncConnection, of: Collection[str]) -> int:
    """Rows that `forget` would touch."""
    total = 0
    for table in (*_OF_A_CALL, routing_history):
        asked = select(func.count()).select_from(table).where(table.c.call.in_(of))
        total += int(await connection.scalar(asked) or 0)
    return total


async def forget(connection: AsyncConnection, of: Collection[str]) -> int:
    """What happened in these calls goes. Decisions stay, for learning, with nothing that leads to
    a call: neither its id nor their own, and the day in place of the moment. Rows touched."""
    touched = 0
    history = routing_history.c
    tickets = select(history.ticket_id).where(history.call.in_(of)).scalar_subquery()
    said = or_(outcomes.c.call.in_(of), outcomes.c.ticket_id.in_(tickets))
    await connection.execute(delete(outcomes).where(said))
    for table in _OF_A_CALL:
        touched += (await connection.execute(delete(table).where(table.c.call.in_(of)))).rowcount
    asked = select(history.id, history.call, history.created_at).where(history.call.in_(of))
    rows = (await connection.execute(asked)).all()
    if rows:
        names = {row.call: _nobody() for row in rows}
        await connection.execute(
            update(routing_history)
            .where(history.id == bindparam("row"))
            .values(
                call=bindparam("name"), ticket_id=bindparam("ticket"), created_at=bindparam("day")
            ),
            [
                {
                    "row": row.id,
                    "name": names[row.call],
                    "ticket": _nobody(),
                    "day": row.created_at.replace(hour=0, minute=0, second=0, microsecond=0),
                }
                for row in rows
            ],
        )
    return touched + len(rows)


async def dismiss(connection: AsyncConnection, of: Collection[str]) -> int:
    """The calls themselves, by which all else of a caller is found. Rows that went."""
    return (await connection.execute(delete(calls).where(calls.c.call.in_(of)))).rowcount


def _nobody() -> str:
    return ANONYMOUS + secrets.token_hex(16)
