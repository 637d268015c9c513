"""Lines in, as every command with `--jsonl` takes them."""

import orjson


def read(line: str) -> tuple[str, str]:
    """Text and language of a line; a line that is no JSON object is the text itself."""
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        item = None
    if isinstance(item, dict):
        return str(item.get("text", "")), str(item.get("language", ""))
    return line.rstrip("\n"), ""
