"""Lines in, as every command with `--jsonl` takes them."""

from dataclasses import dataclass

import orjson


class NoText(ValueError):
    """A JSON object without the one field that is needed."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is not given is ""."""

    text: str
    language: str = ""
    call: str = ""
    """Lines of one call are its successive utterances."""


def read(line: str) -> Line:
    """What is no JSON object is the text itself. Raises NoText."""
    line = line.strip().removeprefix("\ufeff")
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        item = None
    if not isinstance(item, dict):
        return Line(line)
    text, language, call = item.get("text"), item.get("language"), item.get("call")
    if not isinstance(text, str):
        raise NoText('expected {"text": "…"} or plain text')
    return Line(
        text.strip(),
        code(language) if isinstance(language, str) else "",
        str(call) if isinstance(call, str | int) else "",
    )


def code(language: str) -> str:
    """`es` of what may be written `es-MX`."""
    return language.replace("_", "-").partition("-")[0].strip().lower()
