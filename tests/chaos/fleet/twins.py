"""Two workers in processes of their own that share the time their imports take: for a test.

    python -m tests.chaos.fleet.twins 8080 8081

Settings are those of the environment. They tell their process ids, then how each ended, line by
line; they end with whoever holds the other end of standard input.
"""

import os
import sys

import alembic.command  # noqa: F401 (the product imports it late; here before both)
import hibari  # noqa: F401 (and the voice)

from agent.reception import furnish
from agent.settings import load
from agent.watch import logs
from agent.web.server import serve


def work(port: str) -> None:
    logs.configure("INFO", "json")
    serve(load({**os.environ, "PORT": port}, None), furnish, supervised=True)


if __name__ == "__main__":
    for port in sys.argv[1:]:
        process = os.fork()
        if not process:
            work(port)
            os._exit(0)
        print(process, flush=True)  # noqa: T201
    for _ in sys.argv[1:]:
        process, status = os.wait()
        print(process, os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201
