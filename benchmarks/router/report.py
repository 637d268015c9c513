"""What was measured, in tables and as JSON, and what was to be reached."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from benchmarks.router.measure import CLEAN, Deployed, Pace, Result
from benchmarks.router.trials import CALLERS

ERROR = 0.03
"""Expected calibration error, at most; more where luck alone makes more of so few questions."""
ANSWERED, RIGHT = 0.60, 0.95
"""Of what callers may ask of the shipped content: answered without the model; of that, right."""
LEXICAL, WITH_EMBEDDING = 0.001, 0.010
"""Seconds of a decision, p99, at most."""
PER_SECOND = 5000
"""Lexical decisions of one core, at least."""


@dataclass(frozen=True, slots=True)
class Target:
    what: str
    value: float
    bound: float
    least: bool
    """The value is to be at least the bound, not at most."""
    above: bool = False
    """The value is to be above the bound."""

    @property
    def met(self) -> bool:
        if self.above:
            return self.value > self.bound
        return self.value >= self.bound if self.least else self.value <= self.bound

    @property
    def ratio(self) -> float | None:
        return self.value / self.bound if self.bound else None


@dataclass(slots=True)
class Report:
    size: str
    notes: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)

    @property
    def targets(self) -> list[Target]:
        return [*self._ahead(), *self._sure(), *self._calibrated(), *self._fast()]

    @property
    def missed(self) -> list[Target]:
        return [target for target in self.targets if not target.met]

    def json(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "notes": self.notes,
            "missed": [target.what for target in self.missed],
            "targets": [
                asdict(target) | {"ratio": target.ratio, "met": target.met}
                for target in self.targets
            ],
            "results": self.results,
            "paces": self.paces,
        }

    def _ahead(self) -> Iterator[Target]:
        """The router as it is installed against each baseline."""
        for trial, condition in self.parts():
            rows = self.rows(trial, condition)
            [*_, ours] = [row for row in rows if row.ours]
            for row in rows:
                if not row.ours:
                    what = f"{trial}, {condition}: answered at 95 %, ahead of {row.contender}"
                    bound = row.answered_95
                    yield Target(what, ours.answered_95, bound, least=True, above=bound < 1.0)

    def _sure(self) -> Iterator[Target]:
        """What callers may ask of the shipped content, at the shipped threshold."""
        for trial, condition in self.parts():
            if trial.startswith(CALLERS) and condition == CLEAN:
                [*_, ours] = [row for row in self.rows(trial, condition) if row.ours]
                yield Target(f"{trial}: answered", ours.sure.answered, ANSWERED, least=True)
                yield Target(f"{trial}: answered right", ours.sure.right or 0.0, RIGHT, least=True)

    def _calibrated(self) -> Iterator[Target]:
        for row in self.results:
            if row.ours:
                where = f"{row.trial}, {row.condition}: calibration error, {row.contender}"
                yield Target(where, row.error, max(ERROR, row.luck), least=False)
                bound = max(ERROR, row.mixed_luck)
                yield Target(f"{where}, 18 % strange", row.mixed_error, bound, least=False)

    def _fast(self) -> Iterator[Target]:
        for row in self.paces:
            if row.ours:
                where = f"{row.trial}: {row.contender}"
                bound = LEXICAL if row.lexical else WITH_EMBEDDING
                yield Target(f"{where}, p99 in seconds", row.p99, bound, least=False)
                if row.lexical:
                    yield Target(f"{where}, per second", row.per_second, PER_SECOND, least=True)

    def parts(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys((row.trial, row.condition) for row in self.results))

    def rows(self, trial: str, condition: str) -> list[Result]:
        return [row for row in self.results if (row.trial, row.condition) == (trial, condition)]


def quality(report: Report, trial: str, condition: str) -> Table:
    rows = report.rows(trial, condition)
    counts = f"{rows[0].questions} questions, {rows[0].strangers} that nothing answers"
    page = Table(title=f"{trial}, {condition}: {counts}", title_justify="left", show_edge=False)
    page.add_column("%", no_wrap=True)
    heads = (
        "right", "ECE raw", "ECE", "luck", "at 95 %", "at 98 %", "deployed 95", "sure",
        "mixed 95", "mixed ECE", "strange known",
    )  # fmt: skip
    for head in heads:
        page.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        page.add_row(
            row.contender,
            _share(row.accuracy),
            _share(row.error_raw),
            _share(row.error),
            _share(row.luck),
            _share(row.answered_95),
            _share(row.answered_98),
            _deployed(row.deployed_95),
            _deployed(row.sure),
            _share(row.mixed_95),
            _share(row.mixed_error),
            _share(row.strangers_known),
            style="bold" if row.ours else "",
        )
    return page


def paces(report: Report) -> Table:
    page = Table(title="decisions on one core", title_justify="left", show_edge=False)
    page.add_column("")
    page.add_column("")
    for head in ("learned in s", "p50 ms", "p99 ms", "per second"):
        page.add_column(head, justify="right")
    for row in report.paces:
        page.add_row(
            row.trial,
            row.contender,
            f"{row.learned:.1f}",
            f"{row.p50 * 1000:.3f}",
            f"{row.p99 * 1000:.3f}",
            f"{row.per_second:.0f}",
            style="bold" if row.ours else "",
        )
    return page


def verdict(targets: Sequence[Target]) -> Table:
    """What was missed, line by line."""
    missed = [target for target in targets if not target.met]
    title = f"{len(targets) - len(missed)} of {len(targets)} targets reached"
    page = Table("missed", "measured", "to reach", title=title, show_edge=False)
    page.title_justify = "left"
    for target in missed:
        sign = ">" if target.above else "≥" if target.least else "≤"
        page.add_row(target.what, f"{target.value:.4g}", f"{sign} {target.bound:.4g}")
    return page


def _share(value: float) -> str:
    return f"{100 * value:.1f}"


def _deployed(told: Deployed) -> str:
    right = "–" if told.right is None else _share(told.right)
    return f"{_share(told.answered)} @ {right}"
