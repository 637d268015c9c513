"""A replayed call on a page: turn by turn, a table, and how many went another way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.replaying.comparison import Row
from agent.replaying.turns import Turn

_MARKS = {"same": "", "other": "[red]≠[/]", "left_out": "[yellow]left out[/]", "now": ""}


@dataclass(frozen=True, slots=True)
class Replayed:
    """A call that was run again."""

    rows: tuple[Row, ...]
    then: dict[str, str]
    """By service, the providers that answered while the call waited for them; empty where nothing
    is known of then."""
    now: dict[str, str]
    """By service, the providers that are asked, in their order."""
    failure: str = ""
    """Why the call could not be made; empty: it was."""

    def count(self, outcome: str) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def alike(self) -> bool:
        """Whether no turn went another way."""
        return not self.failure and not self.count("other")


def as_json(replayed: Replayed) -> str:
    told = {
        "turns": [
            {
                "outcome": row.outcome,
                "why": row.why,
                "then": _told(row.then),
                "now": _told(row.now),
                "differs": _differing(row),
            }
            for row in replayed.rows
        ],
        "providers": {"then": replayed.then, "now": replayed.now},
        **{outcome: replayed.count(outcome) for outcome in ("same", "other", "left_out")},
        "failure": replayed.failure,
    }
    return orjson.dumps(told).decode()


def show(replayed: Replayed, console: Console) -> None:
    for number, row in enumerate(replayed.rows, 1):
        for line in _lines(number, row):
            console.print(line, soft_wrap=True)
    if replayed.rows:
        console.print(_table(replayed.rows))
    for when, providers in (("then", replayed.then), ("now", replayed.now)):
        if providers:
            used = "; ".join(f"{service} {providers[service]}" for service in sorted(providers))
            console.print(f"{when + ':':5} {escape(used)}", soft_wrap=True)
    if replayed.failure:
        console.print(f"[red]{escape(replayed.failure)}[/]", soft_wrap=True)
    console.print(_sum(replayed), soft_wrap=True)


def _sum(replayed: Replayed) -> str:
    same, other = replayed.count("same"), replayed.count("other")
    out = replayed.count("left_out")
    if not same + other + out:
        return f"{_turns(len(replayed.rows))}; nothing is known of then: there is no .jsonl"
    rest = f"; {_turns(out)} left out" if out else ""
    return f"{other} of {_turns(same + other)} went another way{rest}"


def _turns(count: int) -> str:
    return f"{count} turn" if count == 1 else f"{count} turns"


def _table(rows: Sequence[Row]) -> Table:
    table = Table("", "heard", "then", "now", "after", "now after", "", show_edge=False)
    for number, row in enumerate(rows, 1):
        heard = row.then or row.now
        table.add_row(
            str(number),
            escape(heard.heard if heard else ""),
            escape(_way(row.then)),
            escape(_way(row.now)),
            _after(row.then),
            _after(row.now),
            _MARKS[row.outcome],
        )
    return table


def _lines(number: int, row: Row) -> Iterator[str]:
    mark = _MARKS[row.outcome]
    why = f" {escape(row.why)}" if row.why else ""
    yield f"[bold]turn {number}[/] {mark}{why}".rstrip()
    differs = _differing(row)
    for name, value in (("heard", _heard), ("route", _way), ("said", _said), ("after", _after)):
        then, now = (value(turn) if turn else "" for turn in (row.then, row.now))
        if row.then and row.now and name in differs:
            yield f"  {name:5} then  {escape(then)}"
            yield f"        now   {escape(now)} [red]≠[/]"
        elif row.then and row.now and name == "after":
            yield f"  {name:5}       {then}, now {now}"
        else:
            yield f"  {name:5}       {escape(now or then)}"


def _differing(row: Row) -> list[str]:
    """What of a turn is another than it was; its time always is."""
    if row.then is None or row.now is None:
        return []
    values = {"heard": _heard, "route": _way, "said": _said}
    return [name for name, value in values.items() if value(row.then) != value(row.now)]


def _told(turn: Turn | None) -> dict[str, str | float | None] | None:
    if turn is None:
        return None
    return {
        "heard": turn.heard,
        "route": turn.route,
        "entry": turn.entry,
        "confidence": round(turn.confidence, 3),
        "said": turn.said,
        "voice_to_voice": None if turn.voice_to_voice is None else round(turn.voice_to_voice, 3),
    }


def _heard(turn: Turn) -> str:
    return turn.heard


def _said(turn: Turn) -> str:
    return turn.said


def _way(turn: Turn | None) -> str:
    return f"{turn.route} {turn.confidence:.2f} {turn.entry}".rstrip() if turn else "–"


def _after(turn: Turn | None) -> str:
    return "–" if turn is None or turn.voice_to_voice is None else f"{turn.voice_to_voice:.2f} s"
