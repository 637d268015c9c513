"""The commands as people run them: each in a process of its own."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.forge import forge

SCRIPT = Path(sys.executable).with_name("answerline")
PATIENCE = 100.0
"""Seconds that a command may take on a busy machine."""


def environment(folder: Path, **variables: str) -> Mapping[str, str]:
    """Nothing of whoever runs the tests but what a process needs, and `variables`."""
    needed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    usual = {"DATA_DIR": str(folder / "data"), "EMBEDDING": "none"}  # loading one takes a second
    return {**needed, **usual, **variables}


def answerline(
    *arguments: str | Path,
    folder: Path,
    given: str = "",
    loaded: Sequence[str] = (),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run to its end in `folder`, with `given` on standard input. `loaded`: large modules that it
    needs, imported once for all commands that name the same."""
    return forge(*loaded).run(
        [str(argument) for argument in arguments],
        folder=folder,
        environ=environment(folder, **variables),
        given=given,
        within=PATIENCE,
    )


def _interruptible() -> None:
    """Who runs the tests in the background has them ignore Ctrl-C, and their children with them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def running(
    *arguments: str | Path, folder: Path, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Started inside, killed outside if it has not ended; what it says is in its pipes."""
    process = subprocess.Popen(
        [SCRIPT, *arguments],
        cwd=folder,
        env=environment(folder, **variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,  # noqa: PLW1509 (no thread holds anything that this wants)
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """Raises TimeoutError when nothing comes."""
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE
    ready, _, _ = select.select([process.stdout], [], [], deadline - time.monotonic())
    if not ready:
        raise TimeoutError(f"{process.args!r} said nothing")
    return process.stdout.readline().rstrip("\n")


@contextmanager
def simulated(provider: str, folder: Path, *options: str) -> Iterator[str]:
    """A simulated provider in a process of its own; its address."""
    with running("simulate", provider, *options, folder=folder) as process:
        _, _, url = first_line(process).partition("=")
        yield url
