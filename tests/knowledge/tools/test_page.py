"""The tool of docs/tools.md works as it stands there."""

import re
from pathlib import Path

from knowledge.tool import Tool

PAGE = (Path(__file__).parents[3] / "docs" / "tools.md").read_text("utf-8")


def test_the_example_is_a_tool() -> None:
    [source] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(source, "docs/tools.md", "exec"), names)
    made = names["next_payment"]
    assert isinstance(made, Tool)
    assert made.bound == {"office", "policy_number"}
    assert made.schema["properties"] == {
        "contract": {
            "type": "string",
            "enum": ["car", "home"],
            "default": "car",
            "description": "Which one.",
        }
    }
