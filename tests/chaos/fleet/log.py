"""What the workers and their supervisor have written: one JSON object a line."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    at: float
    """By CLOCK_MONOTONIC."""
    message: str
    call: str
    labels: dict[str, Any]

    @property
    def worker(self) -> int:
        return int(self.labels.get("worker", -1))


class Log:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._lines: list[Line] = []
        self._ahead = time.time() - time.monotonic()

    def lines(self, message: str = "", *, since: float = 0.0) -> Iterator[Line]:
        self._read()
        for line in self._lines:
            if line.at >= since and message in {"", line.message}:
                yield line

    def _read(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            if not line.startswith(b"{"):
                continue  # a stack of the watchdog
            fields = json.loads(line)
            at = datetime.fromisoformat(fields["@timestamp"]).timestamp() - self._ahead
            call = fields.get("call", {}).get("id", "")
            self._lines.append(Line(at, fields["message"], call, fields.get("labels", {})))
