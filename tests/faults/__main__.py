"""python -m tests.faults [--service STT] [--trouble slow] [--calls] [--json reports/faults.json]

`--calls`: whole calls too, where a caller waits for the service: STT, LLM and TTS.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from loguru import logger

from tests.faults.calls import calls
from tests.faults.cell import RIGS, Cell
from tests.faults.matrix import cells, stores
from tests.faults.speaking import EarsRig
from tests.faults.storing import RestRig
from tests.faults.wire import Trouble


def main(
    services: Sequence[str], troubles: Sequence[str], report: Path | None, *, whole: bool
) -> bool:
    kinds = [rig for rig in RIGS if rig.service in (services or [rig.service])]
    wrong = [Trouble(name) for name in troubles] or list(Trouble)
    EarsRig.speed = 1.0
    with tempfile.TemporaryDirectory() as folder, stores(Path(folder)):
        found = asyncio.run(cells([(kind, trouble) for trouble in wrong for kind in kinds]))
        if whole:
            chosen = {kind.service: wrong for kind in kinds}
            found += asyncio.run(calls(Path(folder) / "calls", chosen))
    found.sort(
        key=lambda cell: [rig.service for rig in RIGS].index(cell.service.removesuffix(" (call)"))
    )
    sys.stdout.write(f"{'':13}{'':22}{'healthy':>8}{'first':>8}{'third':>8}{'back':>8}\n")
    for cell in found:
        figures = (cell.healthy, cell.first, cell.open, cell.back)
        told = "".join(f"{seconds:8.3f}" for seconds in figures)
        sys.stdout.write(f"{cell.service:13}{cell.trouble:22}{told}  {'; '.join(cell.problems)}\n")
    _sum_up(found)
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps([asdict(cell) for cell in found], indent=1))
    return not any(cell.problems for cell in found)


def _sum_up(found: Sequence[Cell]) -> None:
    first = sorted(cell.first for cell in found if cell.service != RestRig.service)
    late = first[min(len(first) - 1, round(0.95 * len(first)))]
    good = sum(not cell.problems for cell in found)
    sys.stdout.write(f"{good} of {len(found)} cells; an answer on the first failure: ")
    sys.stdout.write(f"p95 {late:.2f} s, without those that no answer waits for\n")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    names = [rig.service for rig in RIGS]
    options.add_argument("--service", action="append", default=[], choices=names)
    options.add_argument("--trouble", action="append", default=[], choices=list(Trouble))
    options.add_argument("--calls", action="store_true")
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    logger.remove()
    sys.exit(not main(given.service, given.trouble, given.json, whole=given.calls))
