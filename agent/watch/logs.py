"""Logs: one event a line, JSON in the Elastic Common Schema, with the call's id and no words.

Our own messages are static, their fields are bound. Other packages put values into their
messages: of Pipecat's only the place is told, of the standard library's loggers the template.
https://www.elastic.co/docs/reference/ecs
"""

import json
import logging
import math
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TextIO

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

ECS_VERSION = "8.11.0"
OURS = frozenset({"agent", "processors", "knowledge"})
"""Packages whose messages and errors are static or safe by the house's rules."""
LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
LONGEST = 200
"""Characters of a foreign template."""
DEEPEST = 20
"""Frames of an error's stack, the innermost ones."""


def configure(
    level: str, form: Literal["json", "text"], stream: TextIO = sys.stderr, *, worker: int = -1
) -> None:
    """Sets up the process's one logger. Call it once, before anything is logged.

    `worker`: its number where there are several, which then stands on each line.
    """
    render = json_line if form == "json" else text_line

    def write(message: Any) -> None:
        with suppress(OSError, ValueError):  # a closed pipe ends no call
            stream.write(render(message.record) + "\n")
            stream.flush()

    logger.configure(extra={"worker": worker} if worker >= 0 else {})
    logger.remove()
    logger.add(write, level=level, filter=_wanted, format="{message}", catch=True)
    logging.basicConfig(handlers=[_Intercepted()], level=logging.WARNING, force=True)
    for name in ("uvicorn", "uvicorn.error", "websockets", "twilio", "aiohttp", "asyncio"):
        quiet = logging.getLogger(name)
        quiet.handlers.clear()
        quiet.propagate = True
        quiet.setLevel(logging.WARNING)


def _wanted(record: "Record") -> bool:
    """Below INFO, Pipecat logs what was said."""
    return _package(record["name"]) != "pipecat" or record["level"].no >= logging.INFO


class _Intercepted(logging.Handler):
    """The standard library's records, without the values that were put into them."""

    def emit(self, record: logging.LogRecord) -> None:
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        message = template.partition("\n")[0][:LONGEST]
        bound = logger.bind(logger=record.name).opt(exception=record.exc_info, depth=1)
        bound.log(LEVELS.get(record.levelno, record.levelno), "{}", message)


def _package(module: str | None) -> str:
    return (module or "").partition(".")[0]


def _message(record: "Record") -> str:
    if _package(record["name"]) == "pipecat":
        return f"pipecat {record['name']}:{record['line']}"
    return str(record["message"])


def _fields(record: "Record") -> Iterator[tuple[str, Any]]:
    """What was bound, without what belongs elsewhere; `pii_…` only as "***"."""
    if _package(record["name"]) == "pipecat":
        return
    for name, value in record["extra"].items():
        if name.startswith("pii_"):
            yield name, "***"
        elif name not in {"call", "logger"}:
            plain = isinstance(value, str | int | bool | list)
            finite = isinstance(value, float) and math.isfinite(value)
            yield name, value if plain or finite else str(value)


def _error(record: "Record") -> dict[str, Any] | None:
    exception = record["exception"]
    if exception is None or exception.type is None:
        return None
    kind = exception.type
    error: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    if _package(kind.__module__) in OURS:
        error["message"] = str(exception.value)
    frames = traceback.extract_tb(exception.traceback)[-DEEPEST:]
    error["stack_trace"] = "\n".join(f"{f.filename}:{f.lineno} {f.name}" for f in frames)
    return error


def json_line(record: "Record") -> str:
    """One line of ECS, in ASCII: whatever a value holds, it cannot begin another line."""
    extra = record["extra"]
    line: dict[str, Any] = {
        "@timestamp": record["time"].isoformat(timespec="milliseconds"),
        "log.level": record["level"].name.lower(),
        "message": _message(record),
        "ecs.version": ECS_VERSION,
        "log": {
            "logger": extra.get("logger") or record["name"],
            "origin": {
                "file": {"name": record["file"].name, "line": record["line"]},
                "function": record["function"],
            },
        },
        "service": {"name": "answerline"},
    }
    if _package(record["name"]) in OURS:
        line["event"] = {"action": _message(record)}
        if isinstance(seconds := extra.get("seconds"), float) and math.isfinite(seconds):
            line["event"]["duration"] = round(seconds * 1e9)  # ECS counts nanoseconds
    if call := extra.get("call"):
        line["call"] = {"id": str(call)}
    if labels := dict(_fields(record)):
        line["labels"] = labels
    if error := _error(record):
        line["error"] = error
    return json.dumps(line, default=str)


def text_line(record: "Record") -> str:
    """For a person at a terminal."""
    extra = record["extra"]
    parts = [
        record["time"].strftime("%H:%M:%S.%f")[:-3],
        f"{record['level'].name:<7}",
        _message(record),
    ]
    if call := extra.get("call"):
        parts.append(f"call={call}")
    parts += [f"{name}={value}" for name, value in _fields(record)]
    if error := _error(record):
        parts += [f"{name}={value}" for name, value in error.items()]
    return _escaped(" ".join(parts))


def _escaped(text: str) -> str:
    """One line, whatever it holds: control characters, and those that turn text around."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
