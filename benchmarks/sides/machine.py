"""This machine: its cores, and what a process has used of it."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cores:
    server: int
    callers: int

    @property
    def apart(self) -> bool:
        """Whether the callers leave the server a core of its own."""
        return self.server != self.callers


def cores() -> Cores:
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1])


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads since the process began, to 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes."""

    resident: float
    proportional: float
    """Pages shared with other processes count by their share."""


def memory(pid: int) -> Memory:
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, size, *_ = line.split()
        sizes[name] = int(size) * 1024 / _MB
    return Memory(sizes["Rss:"], sizes["Pss:"])


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
