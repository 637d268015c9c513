"""`answerline doctor`: what each stage uses, why, whether it answers, and how long that took."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, distribution

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.settings.notices import Notice
from knowledge.chain import Breaker, Fault, one

DEADLINE = 10.0
"""Seconds for one check."""


@dataclass(frozen=True, slots=True)
class Row:
    stage: str
    used: str
    why: str
    answers: bool | None
    """None where there is nothing to ask."""
    seconds: float
    detail: str = ""
    """What went wrong, safe to show."""


@dataclass(frozen=True, slots=True)
class Check:
    stage: str
    used: str
    why: str
    ask: Callable[[], Awaitable[object]] | None = None
    """Uses the thing as a call would. Raises, best a Fault, where that is not possible."""
    deadline: float = DEADLINE
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def name(self) -> str:
        return self.used


async def examine(checks: Sequence[Check]) -> list[Row]:
    """All at once; the rows in the checks' order."""
    return list(await asyncio.gather(*(_examine(check) for check in checks)))


async def _examine(check: Check) -> Row:
    if check.ask is None:
        return Row(check.stage, check.used, check.why, answers=None, seconds=0.0)
    faults: list[Fault] = []
    ask = check.ask
    began = time.perf_counter()
    with suppress(Fault):
        await one(
            [check],
            lambda _check: ask(),
            within=check.deadline,
            report=lambda _check, fault: faults.append(fault),
        )
    return Row(
        check.stage,
        check.used,
        check.why,
        answers=not faults,
        seconds=round(time.perf_counter() - began, 3),
        detail="".join(map(str, faults)),
    )


def stray_packages() -> list[Notice]:
    """Packages that break others by lying beside them."""
    try:
        distribution("pinecone-client")
    except PackageNotFoundError:
        return []
    return [Notice("pinecone-client", "is the old name of pinecone and hides it: pip uninstall it")]


def healthy(rows: Sequence[Row]) -> bool:
    """Whether everything that is configured answers."""
    return all(row.answers is not False for row in rows)


def show(rows: Sequence[Row], notices: Sequence[Notice], console: Console) -> None:
    """A table on a terminal, tab-separated lines where it is piped."""
    if not console.is_terminal:
        for row in rows:
            cells = (row.stage, row.used, row.why, _verdict(row), _took(row))
            console.file.write("\t".join(cells) + "\n")
        for notice in notices:
            console.file.write(f"notice\t{notice.name}\t{notice.text}\n")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("stage", "used", "why", "answers", "took"):
        table.add_column(heading)
    for row in rows:
        style = "" if row.answers is None else "green" if row.answers else "red"
        plain = (row.stage, row.used, row.why)
        table.add_row(*map(Text, plain), Text(_verdict(row), style), Text(_took(row)))
    console.print(table)
    for notice in notices:
        console.print(Text.assemble((notice.name, "yellow"), " ", notice.text))


def as_json(rows: Sequence[Row], notices: Sequence[Notice]) -> str:
    page = {
        "ok": healthy(rows),
        "stages": [asdict(row) for row in rows],
        "notices": [asdict(notice) for notice in notices],
    }
    return json.dumps(page, ensure_ascii=False, indent=2)


def _verdict(row: Row) -> str:
    if row.answers is None:
        return "-"
    return "yes" if row.answers else f"no: {row.detail}"


def _took(row: Row) -> str:
    return "-" if row.answers is None else f"{row.seconds:.3f} s"
