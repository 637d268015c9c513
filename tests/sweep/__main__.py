"""python -m tests.sweep [--calls 200] [--seed 0]"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.sweep.sweep import opened


async def main(calls: int, seed: int) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as field:
            await field.converse(calls, first=seed)
            kept = await field.places()
            hits = await field.hits()
            size = sum(len(text) for text in kept.values())
            sys.stdout.write(
                f"{calls} calls, {len(field.canaries)} canaries, {len(kept)} places with "
                f"{size / 1e6:.1f} MB searched: {len(hits)} hits, "
                f"{time.monotonic() - began:.0f} s\n"
            )
            for place, canary, spelling in hits:
                sys.stdout.write(f"  {place}: {canary.kind} as {spelling!r}\n")
            began = time.monotonic()
            left = await field.erase()
            sys.stdout.write(
                f"{calls} callers erased in {time.monotonic() - began:.1f} s: "
                f"{'nothing' if not left else ', '.join(left)} left\n"
            )
            return not hits and not left


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--calls", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    sys.exit(not asyncio.run(main(chosen.calls, chosen.seed)))
