"""What glibc keeps of memory that Python has given back; elsewhere nothing is done."""

import ctypes
import sys
from collections.abc import Callable
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


def _call(name: str, *arguments: int) -> None:
    if sys.platform == "win32":  # a process is no library there
        return
    function: Callable[..., Any] | None = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
