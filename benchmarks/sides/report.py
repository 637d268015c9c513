"""The two sides in one table, with ratios and what was to be reached; and the same as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from agent.load.report import Spread
from benchmarks.sides.answers import Answers
from benchmarks.sides.burden import Burden
from benchmarks.sides.capacity import TRUSTED, Capacity
from benchmarks.sides.growth import Growth
from benchmarks.sides.latency import Latency

GROWN = 5.0
"""Megabytes over 100 calls that count as no growth: allocators keep some."""


@dataclass(slots=True)
class Figures:
    """Of one side; None: not measured."""

    latency: Latency | None = None
    idle: Burden | None = None
    talking: Burden | None = None
    growth: Growth | None = None
    capacity: Capacity | None = None
    answers: Answers | None = None

    @property
    def own_late(self) -> float:
        """The callers' worst share of late packets where figures depend on them."""
        parts = (self.latency, self.idle, self.talking)
        return max((part.own_late for part in parts if part is not None), default=0.0)


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    stock: float | None
    answerline: float | None
    unit: str
    target: float | None = None
    """Of the ratio; of Answerline's own figure where `absolute`."""
    least: bool = False
    """The ratio is to be at least the target, not at most."""
    absolute: bool = False
    digits: int = 2

    @property
    def ratio(self) -> float | None:
        if self.stock is None or self.answerline is None or self.stock <= 0:
            return None
        return self.answerline / self.stock

    @property
    def met(self) -> bool | None:
        """None: nothing to reach, or not measured."""
        value = self.answerline if self.absolute else self.ratio
        if self.target is None or value is None:
            return None
        return value >= self.target if self.least else value <= self.target


@dataclass(slots=True)
class Report:
    plan: str
    apart: bool
    """Server and callers on cores of their own."""
    recordings: int
    stock: Figures = field(default_factory=Figures)
    answerline: Figures = field(default_factory=Figures)

    @property
    def own_late(self) -> float:
        return max(self.stock.own_late, self.answerline.own_late)

    @property
    def valid(self) -> bool:
        """Whether the callers were fast enough for the figures to mean the servers."""
        return self.own_late <= TRUSTED

    @property
    def rows(self) -> list[Row]:
        return [*self._waits(), *self._answers(), *self._cpu(), *self._memory(), *self._calls()]

    @property
    def missed(self) -> list[Row]:
        return [row for row in self.rows if row.met is False]

    def json(self) -> dict[str, Any]:
        rows = [asdict(row) | {"ratio": row.ratio, "met": row.met} for row in self.rows]
        sides = {"stock": asdict(self.stock), "answerline": asdict(self.answerline)}
        return {
            "plan": self.plan,
            "valid": self.valid,
            "callers_own_late_share": self.own_late,
            "server_and_callers_on_cores_of_their_own": self.apart,
            "recordings": self.recordings,
            "missed": [row.what for row in self.missed],
            "rows": rows,
            **sides,
        }

    def _waits(self) -> Iterator[Row]:
        stock, ours = self.stock.latency, self.answerline.latency
        if stock is None or ours is None:
            return
        for name, share in (("p50", "p50"), ("p95", "p95")):
            yield Row(
                f"added latency {name}", _at(stock.added, share), _at(ours.added, share), "s", 0.6
            )
        for name in ("p50", "p95"):
            yield Row(
                f"barge-in to silence {name}",
                _at(stock.silence, name),
                _at(ours.silence, name),
                "s",
            )

    def _answers(self) -> Iterator[Row]:
        ours = self.answerline.answers
        if ours is None:
            return
        for name, values, bound in (
            ("spoken ahead", ours.ahead, 0.15),
            ("not spoken ahead", ours.live, 0.3),
        ):
            yield Row(f"sure answer p50, {name}", None, _at(values, "p50"), "s")
            yield Row(
                f"sure answer p95, {name}", None, _at(values, "p95"), "s", bound, absolute=True
            )

    def _cpu(self) -> Iterator[Row]:
        for state, target in (("idle", 0.3), ("talking", 0.4)):
            stock, ours = getattr(self.stock, state), getattr(self.answerline, state)
            if stock is None or ours is None:
                continue
            for theirs, own in zip(stock.loads, ours.loads, strict=True):
                name = f"CPU per call-minute, {theirs.calls} {state}"
                yield Row(name, theirs.window.cpu, own.window.cpu, "CPU-s", target)

    def _memory(self) -> Iterator[Row]:
        for state in ("idle", "talking"):
            stock, ours = getattr(self.stock, state), getattr(self.answerline, state)
            if stock is not None and ours is not None:
                name = f"memory per additional call, {state}"
                yield Row(name, stock.each, ours.each, "MB", 0.15, digits=1)
        if self.stock.idle is not None and self.answerline.idle is not None:
            empty = (self.stock.idle.empty.resident, self.answerline.idle.empty.resident)
            yield Row("memory without a call", *empty, "MB", digits=0)
        if self.stock.growth is not None and self.answerline.growth is not None:
            grown = (self.stock.growth.grown, self.answerline.growth.grown)
            yield Row("growth over 100 short calls", *grown, "MB", GROWN, absolute=True, digits=1)

    def _calls(self) -> Iterator[Row]:
        stock, ours = self.stock.capacity, self.answerline.capacity
        if stock is not None and ours is not None:
            yield Row(
                "talking calls on one core",
                stock.calls,
                ours.calls,
                "calls" if ours.bounded else "calls or more",
                2.5,
                least=True,
                digits=0,
            )


def table(report: Report) -> Table:
    page = Table("", "stock", "Answerline", "", "ratio", "to reach", "", show_edge=False)
    for row in report.rows:
        sign = "≥" if row.least else "≤"
        times = "" if row.absolute else "×"
        page.add_row(
            row.what,
            _number(row.stock, row.digits),
            _number(row.answerline, row.digits),
            row.unit,
            "" if row.ratio is None else f"{row.ratio:.2f}×",
            "" if row.target is None else f"{sign} {row.target:g}{times}",
            {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}[row.met],
        )
    return page


def verdict(report: Report) -> list[str]:
    """In words."""
    lines = []
    if not report.apart:
        lines.append("this machine has one core: callers and server share it, ratios are rough")
    if not report.valid:
        lines.append(
            f"INVALID: {100 * report.own_late:.1f} % of the callers' own packets were late, "
            f"trusted up to {100 * TRUSTED:g} %"
        )
    for name, figures in (("stock", report.stock), ("Answerline", report.answerline)):
        if (one := figures.latency) is not None and one.unanswered + one.early:
            lines.append(
                f"{name}: of {one.turns} turns {one.unanswered} were not answered, "
                f"into {one.early} the agent spoke before their end"
            )
    lines += [f"missed: {row.what} is {_said(row)}" for row in report.missed]
    if not report.missed:
        lines.append("every target that was measured is reached")
    return lines


def _said(row: Row) -> str:
    bound = f"{'at least' if row.least else 'at most'} {row.target:g}"
    if row.absolute:
        return f"{row.answerline:.{row.digits}f} {row.unit}, wanted {bound}"
    return f"{row.ratio:.2f}× stock, wanted {bound}×"


def _at(values: Spread | None, name: str) -> float | None:
    return None if values is None else float(getattr(values, name))


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
