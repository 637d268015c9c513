"""What a log line holds, and what it never does."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from agent.watch.logs import configure

WORDS = "my card number is four two four two"


class Log(io.StringIO):
    @property
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Log]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield Log()
    logger.remove()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def as_pipecat(message: str, level: str = "INFO") -> None:
    """Loguru names a record by the module that logs."""
    code = compile("log(level, message)", "pipecat/services/stt_service.py", "exec")
    names = {"__name__": "pipecat.services.stt_service", "log": logger.log}
    exec(code, names | {"level": level, "message": message})


def test_an_event_is_one_object_with_its_call_and_its_fields(log: Log) -> None:
    configure("INFO", "json", log)
    logger.bind(call="CA1", seconds=0.25, route="knowledge").info("decided")
    [event] = log.events
    assert event["message"] == "decided"
    assert event["log.level"] == "info"
    assert event["call"] == {"id": "CA1"}
    assert event["labels"] == {"seconds": 0.25, "route": "knowledge"}
    assert event["@timestamp"][10] == "T"
    assert event["ecs.version"]


def test_below_the_level_nothing_is_logged(log: Log) -> None:
    configure("WARNING", "json", log)
    logger.info("unimportant")
    assert log.lines == []


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_callers_words_are_masked(log: Log, form: Any) -> None:
    configure("DEBUG", form, log)
    logger.bind(pii_text=WORDS).info("transcript")
    assert WORDS not in log.getvalue()
    assert "***" in log.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_of_pipecat_only_the_place_is_told(log: Log, form: Any) -> None:
    configure("DEBUG", form, log)
    as_pipecat(f"Transcription: [{WORDS}]", "DEBUG")
    assert log.lines == []
    as_pipecat(f"Transcription: [{WORDS}]", "WARNING")
    assert "pipecat.services.stt_service:1" in log.getvalue()
    assert WORDS not in log.getvalue()


def test_of_the_standard_librarys_loggers_the_template_is_told(log: Log) -> None:
    configure("INFO", "json", log)
    logging.getLogger("websockets.client").warning("> TEXT '%s'", WORDS)
    unasked = f"Task exception was never retrieved\nfuture: {WORDS}"
    logging.getLogger("asyncio").error(unasked)
    logging.getLogger("twilio.async_http_client").info("a number")
    assert [event["message"] for event in log.events] == [
        "> TEXT '%s'",
        "Task exception was never retrieved",
    ]
    assert log.events[0]["log"]["logger"] == "websockets.client"


def test_an_error_is_told_by_its_type_and_its_places(log: Log) -> None:
    configure("INFO", "json", log)
    try:
        int(WORDS)
    except ValueError:
        logger.exception("call failed")
    [event] = log.events
    assert event["error"]["type"] == "builtins.ValueError"
    assert "test_logs.py" in event["error"]["stack_trace"]
    assert WORDS not in log.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
@given(value=st.text())
def test_one_event_is_one_line_whatever_a_field_holds(form: Any, value: str) -> None:
    log = Log()
    configure("INFO", form, log)
    logger.bind(call=value, reason=value).info("malformed")
    logger.remove()
    assert len(log.lines) == 1
    assert log.getvalue().count("\n") == 1
    if form == "json":
        assert log.events[0]["labels"]["reason"] == value


def test_what_no_json_holds_is_told_as_text(log: Log) -> None:
    configure("INFO", "json", log)
    logger.bind(seconds=float("nan"), kind=Log, number=7).info("odd")
    labels = log.events[0]["labels"]
    assert labels["seconds"] == "nan"
    assert "Log" in labels["kind"]
    assert labels["number"] == 7


def test_a_closed_pipe_ends_nothing(log: Log) -> None:
    configure("INFO", "json", log)
    log.close()
    logger.info("to nobody")


def test_text_is_for_a_person(log: Log) -> None:
    configure("INFO", "text", log)
    logger.bind(call="CA1", route="model").warning("decided")
    [line] = log.lines
    assert line.endswith("WARNING decided call=CA1 route=model")
