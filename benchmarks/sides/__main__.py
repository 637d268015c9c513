"""`python -m benchmarks.sides [--quick]`: stock and Answerline, the same callers, one table.

The server has one core, simulated providers and callers another. Exit 1: a target was missed, or
the callers were too slow for the figures to mean anything. Exit 2: it could not be measured.
"""

import argparse
import asyncio
import gc
import importlib.util
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import orjson
import uvloop
from rich.console import Console

from benchmarks.sides import answers, burden, capacity, growth, latency, recordings, report
from benchmarks.sides.machine import Cores, cores
from benchmarks.sides.plan import FULL, QUICK, Plan
from benchmarks.sides.providers import Providers, own_delay, providers
from benchmarks.sides.recordings import Heard
from benchmarks.sides.report import Figures, Report
from benchmarks.sides.server import NotReady, Side, server

WIDTH = 120
"""Characters of a line where there is no terminal."""
PARTS = ("latency", "answer", "idle", "talking", "growth", "capacity")


class Bench:
    def __init__(
        self, plan: Plan, apis: Providers, heard: Heard, where: Cores, console: Console
    ) -> None:
        self._plan = plan
        self._apis = apis
        self._heard = heard
        self._questions = recordings.questions(heard.unknown)
        self._where = where
        self._console = console
        self._began = time.monotonic()

    async def run(self, parts: Sequence[str], into: Report) -> None:
        """Part by part, both sides of each close together: the machine's mood changes."""
        for part in parts:
            if not self._planned(part):
                continue
            if part == "answer":
                into.answerline.answers = await answers.measure(
                    self._apis, self._heard.sure, core=self._where.server, tell=self._tell
                )
                continue
            for side, figures in ((Side.STOCK, into.stock), (Side.ANSWERLINE, into.answerline)):
                self._tell(f"{part}: {side}")
                await self._measure(part, side, figures)

    def _planned(self, part: str) -> bool:
        sizes = {"growth": self._plan.short_calls, "capacity": len(self._plan.first)}
        return sizes.get(part, 1) > 0

    async def _measure(self, part: str, side: Side, figures: Figures) -> None:
        plan, clips = self._plan, self._questions
        async with server(side, self._apis, core=self._where.server) as one:
            match part:
                case "latency":
                    figures.latency = await latency.measure(
                        one, self._heard.unknown, callers=plan.callers, pairs=plan.pairs
                    )
                case "idle":
                    figures.idle = await burden.measure(
                        one, clips, loads=plan.loads, seconds=plan.idle, talk=False
                    )
                case "talking":
                    figures.talking = await burden.measure(
                        one, clips, loads=plan.loads, seconds=plan.talking, talk=True
                    )
                case "growth":
                    figures.growth = await growth.measure(one, plan.short_calls)
                case "capacity":
                    figures.capacity = await capacity.measure(
                        one,
                        clips,
                        first=plan.first[side],
                        growth=plan.growth,
                        halvings=plan.halvings,
                        seconds=plan.window,
                        tell=self._tell,
                    )

    def _tell(self, text: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._began:6.0f} s[/]  {text}")


async def compare(plan: Plan, parts: Sequence[str], console: Console) -> Report:
    where = cores()
    sure = await answers.questions(plan.questions) if "answer" in parts else []
    heard = Heard(await recordings.read(), sure)
    os.sched_setaffinity(0, {where.callers})
    console.print(
        f"{plan.name}: {len(heard.unknown)} recordings; the providers themselves take "
        f"{own_delay():.2f} s of each answer; server on core {where.server}, "
        f"callers on core {where.callers}"
    )
    found = Report(plan.name, where.apart, len(heard.unknown))
    async with providers([*heard.unknown, *heard.sure]) as apis:
        gc.freeze()  # a full collection would make the callers late
        gc.set_threshold(50_000, 20, 1000)
        await Bench(plan, apis, heard, where, console).run(parts, found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sides", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="about three minutes: no growth, no capacity"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given again")
    parser.add_argument("--report", type=Path, default=Path("reports/bench.json"))
    options = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # a killed server's open requests
    if importlib.util.find_spec("deepgram") is None:
        console.print("deepgram-sdk is missing: the stock bot needs it (pip install deepgram-sdk)")
        return 2
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(
                compare(QUICK if options.quick else FULL, options.only or PARTS, console)
            )
    except NotReady as error:
        console.print(str(error), markup=False)
        return 2
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_bytes(orjson.dumps(found.json(), option=orjson.OPT_INDENT_2))
    console.print(report.table(found))
    for line in report.verdict(found):
        console.print(line, markup=False)
    return 1 if found.missed or not found.valid else 0


if __name__ == "__main__":
    sys.exit(main())
