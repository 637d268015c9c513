"""Work that steps back behind whatever else the machine does: a worker that starts takes no time
from those that have calls."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

NICE = 10
"""About a tenth of a core where others want all of it, else whatever is free."""

T = TypeVar("T")


def modestly(work: Callable[[], T]) -> T:
    """What `work` returns or raises, from a thread of low priority.

    On Linux a priority is a thread's own (setpriority(2), C library/kernel differences). A process
    that lowers its own needs a privilege to raise it again, so a thread is lowered and then ends.
    Not beside calls of the same process: it would hold Python's lock while it waits for a core.
    """
    with ThreadPoolExecutor(1, "modest", initializer=_step_back) as aside:
        return aside.submit(work).result()


def _step_back() -> None:
    if sys.platform == "linux":
        own = threading.get_native_id()
        low = max(NICE, os.getpriority(os.PRIO_PROCESS, own))
        os.setpriority(os.PRIO_PROCESS, own, low)
