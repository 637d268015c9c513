"""python -m tests.fuzz [--messages 100000] [--seconds 600] [--seed 0] [--calls 4]"""

import argparse
import asyncio
import importlib.util
import logging
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from hypothesis import HealthCheck, given, seed, settings
from loguru import logger
from rich.console import Console
from rich.table import Table

from tests.fuzz import calls, signatures, texts, tokens
from tests.fuzz.calls import Phase, Plan, at
from tests.fuzz.test_texts import CALL, TEXT

FORGED = 5000
"""Signatures, and as many tokens."""
GUIDED = 60
"""Seconds for what atheris finds, where it is installed."""


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    figure: str
    good: bool = True


def forged(key: str) -> list[Row]:
    logging.disable(logging.ERROR)  # the vendor's library tells of each unknown algorithm
    found = signatures.Forgeries(key).accepted(FORGED)
    refused = [name for name, taken in signatures.legitimate() if not taken]
    opened = asyncio.run(tokens.Forgeries(key).accepted(FORGED))
    logging.disable(logging.NOTSET)
    rows = [
        Row(
            f"forged {what}",
            f"{sum(tried for tried, _ in kinds.values())} of {len(kinds)} kinds, "
            f"{sum(taken for _, taken in kinds.values())} accepted",
            not any(taken for _, taken in kinds.values()),
        )
        for what, kinds in (("signatures", found), ("or replayed tokens", opened))
    ]
    count = len(list(signatures.legitimate()))
    told = f"{count - len(refused)} of {count} accepted"
    return [*rows, Row("real signatures, in every form", told, not refused)]


def said(key: int, folder: Path) -> list[Row]:
    """Texts that hypothesis makes, and long ones; in the folder: what breaks a promise."""
    tongues, examples = texts.languages(), 5000
    many = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))

    @seed(key)
    @many
    @given(CALL)
    def utterances(call: list[str]) -> None:
        texts.told([texts.cleaned(text) for text in call])

    @seed(key)
    @many
    @given(TEXT)
    def read(text: str) -> None:
        texts.understood(texts.cleaned(text), tongues)

    broken = [one for test in (utterances, read) if (one := _broken(test))]
    if broken:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"texts-of-seed-{key}.txt").write_text("\n\n".join(broken))
    took = texts.slowest()
    (reader, piece), longest = max(took.items(), key=lambda item: item[1])
    return [
        Row("calls' utterances masked, texts read", f"{examples} of each", not broken),
        Row(
            "a megabyte of hostile words",
            f"at most {longest * 1000:.0f} ms ({reader}, {piece!r})",
            longest <= texts.WITHIN,
        ),
    ]


def _broken(test: Callable[[], None]) -> str:
    """The smallest text that hypothesis found; "" for none."""
    try:
        test()
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what was looked for)
        return "\n".join([repr(error), *getattr(error, "__notes__", [])])
    return ""


async def lived(plan: Plan) -> tuple[list[Row], list[str]]:
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with calls.ground(Path(folder) / "house", faults) as house:
            before = await calls.phase(house, plan, hostile=False, name="before")
            hostile = await calls.phase(house, plan, hostile=True, name="hostile")
            after = await calls.phase(house, plan, hostile=False, name="after")
    faults += [*before.faults, *hostile.faults, *after.faults]
    faults += calls.delayed([before, after], hostile)
    codes = ", ".join(
        f"{code or 'none'}: {count}" for code, count in hostile.statuses.most_common()
    )
    rows = [
        Row("calls", f"{len(hostile.reports)}, {len(hostile.answers)} questions", not faults),
        Row("messages on their streams", f"{hostile.sent.total()}, {hostile.malformed} malformed"),
        Row("requests at the doors", f"{hostile.asked.total()} (answers {codes})"),
        Row(
            "speech that left late",
            f"{len(hostile.late)} messages (without garbage "
            f"{len(before.late)} and {len(after.late)}, of fewer)",
        ),
        Row("slowest message", f"{hostile.slowest * 1000:.1f} ms of processor time"),
        *_compared((before, after), hostile),
        _quiet((before, hostile, after)),
    ]
    return rows, faults


def _quiet(phases: Sequence[Phase]) -> Row:
    most = max(phase.starved for phase in phases)
    verdict = "delays are judged" if most <= calls.QUIET else "too busy to judge delays"
    return Row("the machine", f"kept us waiting for {most:.0%} of the time: {verdict}")


def _compared(controls: Sequence[Phase], hostile: Phase) -> list[Row]:
    """Figures with garbage, and before and after it without."""

    def row(what: str, share: float, name: str) -> Row:
        values = [at(share, getattr(one, name)) * 1000 for one in (hostile, *controls)]
        told = "{:.1f} ms (without garbage {:.1f} and {:.1f} ms)".format(*values)
        return Row(what, told)

    return [
        row("question to answer, p50", 0.5, "answers"),
        row("question to answer, p95", 0.95, "answers"),
        row("speech behind its time, p99", 0.99, "behind"),
        row("speech behind its time, most", 1.0, "behind"),
        row("event loop late, p99", 0.99, "lag"),
        row("event loop late, most", 1.0, "lag"),
    ]


def guided(folder: Path) -> list[Row]:
    """In a process of its own: it ends its process."""
    if importlib.util.find_spec("atheris") is None:
        return [Row("guided by coverage", "not run: atheris is not installed")]
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.guided", str(GUIDED)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        (folder / "guided.txt").write_text(ended.stderr)
    return [Row("guided by coverage", f"{GUIDED} s", ended.returncode == 0)]


def main(options: argparse.Namespace) -> bool:
    reports = Path("reports")
    plan = Plan(
        str(options.seed),
        options.calls,
        options.messages,
        options.seconds,
        reports / "fuzz",
        oversized=max(1, options.calls // 2),
    )
    rows, faults = asyncio.run(lived(plan))
    rows += [*forged(plan.seed), *said(options.seed, plan.reproducers), *guided(plan.reproducers)]
    table = Table("", "")
    for row in rows:
        table.add_row(row.what, row.figure if row.good else f"[red]{row.figure}")
    console = Console(highlight=False)
    console.print(table, *(f"[red]{fault}" for fault in faults[:20]), sep="\n")
    reports.mkdir(exist_ok=True)
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "seed": options.seed,
        "rows": [{"what": row.what, "figure": row.figure, "good": row.good} for row in rows],
        "faults": faults,
    }
    (reports / "fuzz.json").write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    return not faults and all(row.good for row in rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calls", type=int, default=4)
    logger.remove()
    sys.exit(not main(parser.parse_args()))
