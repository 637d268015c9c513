"""What starting costs: nothing heavy is imported before the first output."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import SCRIPT, environment

pytestmark = pytest.mark.timeout(300)


def test_the_first_output_comes_before_anything_heavy_is_imported() -> None:
    code = "import agent.cli, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"pipecat", "numpy", "fastapi", "aiohttp", "openai"} & set(loaded.stdout.split())


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="nothing tells of threads here")
def test_no_threads_are_started_for_linear_algebra() -> None:
    code = (
        "import os, sys; from agent.cli import main\n"
        "try: sys.argv[1:] = ['--version']; main()\n"
        "except SystemExit: import numpy\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    needed = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.check_output([sys.executable, "-c", code], env=needed, text=True)
    assert said.split()[-1] == "1"


def test_the_help_is_there_at_once(tmp_path: Path) -> None:
    assert min(work(tmp_path) for _ in range(3)) < 1.0, "0.2 on a machine that has little to do"


def work(folder: Path) -> float:
    """Seconds of processor time of `--help`, whatever else the machine has to do."""
    process = subprocess.Popen(
        [SCRIPT, "--help"], cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    said = subprocess.check_output([SCRIPT, "--version"], env=environment(tmp_path), text=True)
    assert said.count(".") == 2
