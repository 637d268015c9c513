"""Lines in, as every command with `--jsonl` takes them."""

import orjson


class NoText(ValueError):
    """A JSON object without the one field that is needed."""


def read(line: str) -> tuple[str, str]:
    """The line's text and its language, "" where none is given. Raises NoText.

    What is no JSON object is the text itself.
    """
    line = line.strip().removeprefix("\ufeff")
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        item = None
    if not isinstance(item, dict):
        return line, ""
    text, language = item.get("text"), item.get("language")
    if not isinstance(text, str):
        raise NoText('expected {"text": "…"} or plain text')
    return text.strip(), code(language) if isinstance(language, str) else ""


def code(language: str) -> str:
    """`es` of what may be written `es-MX`."""
    return language.replace("_", "-").partition("-")[0].strip().lower()
