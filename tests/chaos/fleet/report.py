"""What was measured: rows with their limits, a table, and JSON with the machine and the date."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class Row:
    scene: str
    what: str
    figure: float
    most: float | None
    """The limit; None: for information."""
    unit: str = ""
    timed: bool = False
    """It says nothing where the callers were late themselves."""

    @property
    def good(self) -> bool:
        return self.most is None or self.figure <= self.most


@dataclass(slots=True)
class Report:
    sizes: dict[str, object]
    rows: list[Row] = field(default_factory=list)
    late: dict[str, float] = field(default_factory=dict)
    """Seconds by which the callers were late themselves (p99), by scene."""
    notes: list[str] = field(default_factory=list)
    """What was wrong, in words."""
    trusted: float = 0.005

    def valid(self, row: Row) -> bool:
        return not row.timed or self.late.get(row.scene, 0.0) <= self.trusted

    def verdict(self, row: Row) -> str:
        if row.most is None:
            return ""
        if row.good:
            return "ok"
        return "missed" if self.valid(row) else "invalid"

    @property
    def missed(self) -> list[Row]:
        return [row for row in self.rows if self.verdict(row) == "missed"]

    def table(self, rows: Sequence[Row] | None = None) -> str:
        lines = []
        for row in self.rows if rows is None else rows:
            figure, most = _shown(row.figure), "" if row.most is None else _shown(row.most)
            lines.append(
                f"{row.scene:22} {row.what:46} {figure:>9} {row.unit:3} {most:>9}  "
                f"{self.verdict(row)}"
            )
        return "\n".join(lines)

    def json(self) -> bytes:
        found = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "sizes": self.sizes,
            "rows": [
                asdict(row) | {"verdict": self.verdict(row), "valid": self.valid(row)}
                for row in self.rows
            ],
            "callers_late_p99": self.late,
            "notes": self.notes,
        }
        return orjson.dumps(found, option=orjson.OPT_INDENT_2)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.json())


def machine() -> dict[str, object]:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _shown(figure: float) -> str:
    return f"{figure:.0f}" if float(figure).is_integer() else f"{figure:.3f}"
