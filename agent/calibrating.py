"""Confidence calibrated to one content, in a process of its own: what it loads takes 160 MB."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from knowledge.fitting import MISSING


class Uncalibrated(Exception):
    """The shipped coefficients serve; the text says why."""


class Unfittable(Uncalibrated):
    """scikit-learn is not installed."""


async def calibrate(
    file: Path, folder: Path | None, *, near: bool, quick: bool = False, within: float
) -> None:
    """Fits the index to the content of `folder` (None: the shipped one) and writes `file`.

    `near`: with the built-in embedding. `within`: seconds. Raises Uncalibrated.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "knowledge.fitting", "--out", str(file)),
        *(("--knowledge", str(folder)) if folder is not None else ()),
        *(("--near",) if near else ()),
        *(("--quick",) if quick else ()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within):
            _, told = await process.communicate()
    except TimeoutError as error:
        raise Uncalibrated(f"not fitted within {within:.0f} s") from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    last = told.decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode == MISSING:
        raise Unfittable(last)
    if process.returncode:
        raise Uncalibrated(f"not fitted: {last}")
