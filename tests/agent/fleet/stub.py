"""What a supervisor sees of a worker, without the rest: it starts at once.

    python -m tests.agent.fleet.stub FOLDER PORT WORKERS             the supervisor
    python -m tests.agent.fleet.stub FOLDER PORT WORKERS --worker 1  one of its workers

Files in the folder say what happens: broken-1 keeps worker 1 from starting, busy-1 is a call that
it has, slow-1 holds up its start; hups gets a line for each SIGHUP.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from agent.fleet.leash import parted

DRAIN_DEADLINE = 30.0


async def work(folder: Path, port: int, number: int) -> None:
    if (folder / f"broken-{number}").exists():
        sys.exit(2)
    while (folder / f"slow-{number}").exists():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    draining, loop = asyncio.Event(), asyncio.get_running_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        status = "404 Not Found" if draining.is_set() else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{os.getpid()}".encode())
        writer.close()

    def reread() -> None:
        with (folder / "hups").open("a") as file:
            file.write(f"{number}\n")

    loop.add_signal_handler(signal.SIGTERM, draining.set)
    loop.add_signal_handler(signal.SIGHUP, reread)
    async with await asyncio.start_server(answer, "127.0.0.1", port + number):
        gone = asyncio.create_task(parted())
        gone.add_done_callback(lambda _task: draining.set())
        await drain(draining, folder / f"busy-{number}")
        gone.cancel()


async def drain(draining: asyncio.Event, busy: Path) -> None:
    await draining.wait()
    while busy.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.01)


def main(folder: Path, port: int, workers: int) -> int:
    from agent.fleet.supervisor import Site, supervise
    from agent.watch import logs

    logs.configure("INFO", "json")

    def command(number: int) -> list[str]:
        return [sys.executable, "-m", "tests.agent.fleet.stub", *sys.argv[1:4],
                "--worker", str(number)]  # fmt: skip

    site = Site(command, "127.0.0.1", DRAIN_DEADLINE, pauses=(0.1, 0.2), noticed=0.1)
    return supervise(site, [port + number for number in range(workers)])


if __name__ == "__main__":
    place, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if "--worker" in sys.argv:
        asyncio.run(work(place, first, int(sys.argv[-1])))
    else:
        sys.exit(main(place, first, count))
