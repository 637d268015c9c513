"""A loop that stands still ends its process."""

import subprocess
import sys

import pytest

HELD = """
import asyncio, time
from agent.fleet.watchdog import watchdog

def hold_the_loop():
    time.sleep({held})

async def main():
    async with watchdog(0.6, 0.05):
        for _ in range(6):
            await asyncio.sleep(0.15)  # longer than deadly in all
        hold_the_loop()
    time.sleep(0.8)  # nobody watches any more

asyncio.run(main())
"""


@pytest.mark.wire
def test_a_loop_that_stands_still_ends_the_process_with_its_stack() -> None:
    script = HELD.format(held=30)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "in hold_the_loop" in done.stderr


@pytest.mark.wire
def test_a_loop_that_runs_is_left_alone_and_so_is_a_worker_that_has_ended() -> None:
    script = HELD.format(held=0)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
