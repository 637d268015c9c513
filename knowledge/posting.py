"""Records become rows, each once: by one transaction, however often and in whatever order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, and_, bindparam, case, func, not_, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge import events, records, tables
from knowledge.erasure import living
from knowledge.events import FINAL
from knowledge.records import Record, of_kind

MERGING = 0x616E7377
"""The advisory lock between those who write decisions (shared), and outcomes, or erase (alone).

Without it one transaction each could write half of a pair, and neither would see the other's; and
what is being written would outlive its erasure.
"""
_MERGED = ("actual_outcome", "resolution_time_hours", "customer_satisfaction")


@dataclass(frozen=True, slots=True)
class _Once:
    """A kind of event that is one row."""

    kind: type[events.Event]
    table: Table
    made: Callable[[Record], dict[str, Any]]


def _plain(kind: type[events.Event], table: Table) -> _Once:
    return _Once(kind, table, lambda record: records.row(record, table))


_ONCE = (
    _Once(events.Decided, tables.routing_history, records.decision),
    _Once(events.Turn, tables.turns, records.turn),
    _plain(events.Transferred, tables.transfers),
    _plain(events.CallBack, tables.call_backs),
    _plain(events.Consent, tables.consents),
    _plain(events.ToolUsed, tables.tool_uses),
    _plain(events.Adjusted, tables.thresholds),
    _plain(events.Drifted, tables.drifts),
)


async def post(connection: AsyncConnection, batch: Sequence[Record]) -> None:
    """Within the caller's transaction. A record that is there already changes nothing, and one of
    an erased call is dropped."""
    await lock(connection, alone=any(r.kind == events.Learned.__name__ for r in batch))
    batch = await living(connection, batch)
    for once in _ONCE:
        rows = [once.made(record) for record in of_kind(batch, once.kind)]
        if rows:
            rows.sort(key=_key)  # two transactions that meet never wait for each other in a circle
            statement = _insert(connection, once.table).on_conflict_do_nothing()
            await connection.execute(statement, rows)
    await _calls(connection, batch)
    await _outcomes(connection, batch)
    await _merge(connection, _tickets(batch))


def _key(row: dict[str, Any]) -> str:
    return str(row.get("ticket_id") or row.get("id"))


def _insert(connection: AsyncConnection, table: Table) -> Any:
    """Both know ON CONFLICT, each by a function of its own."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


async def lock(connection: AsyncConnection, *, alone: bool) -> None:
    """SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        await connection.execute(select(lock(MERGING)))


async def _calls(connection: AsyncConnection, batch: Sequence[Record]) -> None:
    """A call has several streams when it was resumed: the first began it, the last ended it."""
    table = tables.calls
    if began := of_kind(batch, events.Began):
        rows = [
            {
                "call": r.fields["call"],
                "began_at": r.moment,
                "resumed": bool(r.fields["resumed"]),
                "caller": records.row(r, table)["caller"] or None,
            }
            for r in began
        ]
        new = _insert(connection, table)
        earlier = or_(table.c.began_at.is_(None), new.excluded.began_at < table.c.began_at)
        statement = new.on_conflict_do_update(
            index_elements=[table.c.call],
            set_={
                "began_at": case((earlier, new.excluded.began_at), else_=table.c.began_at),
                "resumed": case((table.c.resumed, true()), else_=new.excluded.resumed),
                "caller": func.coalesce(table.c.caller, new.excluded.caller),
            },
        )
        await connection.execute(statement, _by_call(rows))
    await _ends(connection, of_kind(batch, events.Ended))
    await _gone(connection, of_kind(batch, events.Gone))


async def _ends(connection: AsyncConnection, ended: Sequence[Record]) -> None:
    """The last one counts. But a call that was hung up is over, however late its older stream
    says that it was moved."""
    if not ended:
        return
    table = tables.calls
    new = _insert(connection, table)
    final, was_final = _final(new.excluded.outcome), _final(table.c.outcome)
    later = and_(new.excluded.ended_at >= table.c.ended_at, or_(final, not_(was_final)))
    statement = new.on_conflict_do_update(
        index_elements=[table.c.call],
        set_={name: new.excluded[name] for name in ("ended_at", "outcome", "seconds")},
        where=or_(table.c.ended_at.is_(None), later, and_(final, not_(was_final))),
    )
    await connection.execute(statement, _by_call([_ending(r, table) for r in ended]))


async def _gone(connection: AsyncConnection, gone: Sequence[Record]) -> None:
    """Where no stream has told a final outcome: the call was hung up while it had none. A call that
    never had one has no record."""
    if not gone:
        return
    table = tables.calls
    statement = (
        update(table)
        .where(table.c.call == bindparam("gone"))
        .where(or_(table.c.outcome.is_(None), not_(_final(table.c.outcome))))
        .values(outcome=bindparam("how"), ended_at=bindparam("when"))
    )
    rows = [
        {"gone": record.fields["call"], "how": record.fields["outcome"], "when": record.moment}
        for record in gone
    ]
    await connection.execute(statement, sorted(rows, key=lambda row: str(row["gone"])))


def _final(outcome: Any) -> Any:
    """IN is not to be had where many rows are written by one statement."""
    return or_(*(outcome == one for one in sorted(FINAL)))


def _ending(record: Record, table: Table) -> dict[str, Any]:
    row = {**records.row(record, table), "ended_at": record.moment, "resumed": False}
    del row["began_at"]
    return row


async def _outcomes(connection: AsyncConnection, batch: Sequence[Record]) -> None:
    """One row however often it was reported, as of the last time: of "claims", "billing" and
    "claims" again the last one is right."""
    table = tables.outcomes
    if rows := [records.row(record, table) for record in of_kind(batch, events.Learned)]:
        rows.sort(key=_key)
        new = _insert(connection, table)
        statement = new.on_conflict_do_update(
            index_elements=[table.c.id],
            set_={"at": new.excluded.at},
            where=new.excluded.at > table.c.at,
        )
        await connection.execute(statement, rows)


def _by_call(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["call"]))


def _tickets(batch: Iterable[Record]) -> set[str]:
    learned, decided = events.Learned.__name__, events.Decided.__name__
    return {
        r.fields["ticket_id"] if r.kind == learned else r.id
        for r in batch
        if r.kind in {learned, decided}
    }


async def _merge(connection: AsyncConnection, tickets: set[str]) -> None:
    """What came of these decisions goes to them; of two that say the same thing the later one."""
    if not tickets:
        return
    table = tables.outcomes
    found = await connection.execute(
        select(table.c.ticket_id, *(table.c[name] for name in _MERGED))
        .where(table.c.ticket_id.in_(tickets))
        .order_by(table.c.at, table.c.id)
    )
    merged: dict[str, dict[str, Any]] = {}
    for row in found.mappings():
        known = merged.setdefault(row["ticket_id"], dict.fromkeys(_MERGED))
        known.update({name: row[name] for name in _MERGED if row[name] not in {None, ""}})
    if merged:
        history = tables.routing_history
        await connection.execute(
            update(history)
            .where(history.c.ticket_id == bindparam("ticket"))
            .values({name: bindparam(f"new_{name}") for name in _MERGED}),
            [
                {"ticket": ticket, **{f"new_{name}": known[name] for name in _MERGED}}
                for ticket, known in sorted(merged.items())
            ],
        )
