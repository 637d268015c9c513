"""What glibc keeps of memory that Python has given back; elsewhere nothing is done."""

import ctypes
import mmap
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ARENAS = 2
"""Heaps that threads share. By itself glibc makes up to eight for each core, and each keeps what
its largest moment needed."""
_ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""


def few() -> None:
    """Before there are threads."""
    _call("mallopt", _ARENA_MAX, ARENAS)


def give_back() -> None:
    """What ended calls leave free inside goes back to the system: else a process grows by 0.2 MB a
    call, although nothing is kept."""
    _call("malloc_trim", 0)


def resident() -> int:
    """Bytes of memory that the process has; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * mmap.PAGESIZE


def _call(name: str, *arguments: int) -> None:
    if sys.platform == "win32":  # a process is no library there
        return
    function: Callable[..., Any] | None = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
