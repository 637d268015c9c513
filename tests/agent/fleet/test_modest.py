"""What steps back behind others."""

import os
import sys
import threading

import pytest

from agent.fleet.modest import NICE, modestly


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a priority is not a thread's own")
def test_only_the_work_has_a_low_priority() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)

    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert modestly(priority) == max(own, NICE)
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_what_fails_is_raised() -> None:
    def fail() -> None:
        raise KeyError("nothing")

    with pytest.raises(KeyError, match="nothing"):
        modestly(fail)
