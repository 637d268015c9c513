"""`answerline serve` by the code that the file `code` in this folder names: a process looks when it
starts, so that the next one may run another version.

    python -m tests.chaos.fleet.launch serve
"""

import json
import os
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

CODE = "code"


def launch() -> None:
    tree = Path(CODE).read_text("utf-8")
    sys.path.insert(0, tree)
    os.environ["PYTHONPATH"] = tree  # of its own processes
    cli = import_module("agent.cli")
    assert cli.__file__ is not None
    _tell(Path(cli.__file__).parents[1])
    cli.main()


def _tell(tree: Path) -> None:
    """Which code it is, as a line of its log."""
    worker = int(sys.argv[-1]) if "--worker" in sys.argv else -1
    line = {
        "@timestamp": datetime.now(UTC).isoformat(),
        "message": "launched",
        "labels": {"worker": worker, "tree": str(tree)},
    }
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    launch()
