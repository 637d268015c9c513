"""python -m tests.chaos [--rounds 20] [--seed 0] [--victim worker]"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from loguru import logger

from knowledge.database import migrate
from tests.chaos.rounds import VICTIMS, arena
from tests.postgres import running


async def main(rounds: int, seed: int, victims: list[str]) -> bool:
    good = True
    with tempfile.TemporaryDirectory() as folder, running() as postgres:
        address = postgres.create("chaos")
        await migrate(address)
        async with arena(postgres, address, Path(folder), enough=1000, pace=2000.0) as field:
            for victim in VICTIMS:
                if victims and victim not in victims:
                    continue
                chance = random.Random(f"{seed} {victim}")
                total: Counter[str] = Counter()
                lost = doubled = 0
                began = time.monotonic()
                for number in range(rounds):
                    tally = await field.round(victim, number, chance)
                    total += tally.by
                    lost += len(tally.lost)
                    doubled += len(tally.doubled) + len(tally.unmerged)
                good = good and not lost and not doubled
                sys.stdout.write(
                    f"kill -9 {victim:17} {rounds} rounds: {total.total()} acknowledged "
                    f"({total['redis']} by Redis), {lost} lost, "
                    f"{doubled} doubled, {time.monotonic() - began:.0f} s\n"
                )
                sys.stdout.flush()
    return good


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--victim", action="append", default=[], choices=VICTIMS)
    chosen = options.parse_args()
    logger.remove()
    sys.exit(not asyncio.run(main(chosen.rounds, chosen.seed, chosen.victim)))
