"""A tool call out of a stream: put together from its fragments, or nothing."""

import orjson

from knowledge.chain import Fault
from processors.model.client import ToolCall

LONGEST = 4000
"""Characters of a call's arguments."""


class Calling:
    """The first call of an answer; a model that makes several makes the others again later."""

    def __init__(self) -> None:
        self._index: object = None
        self._name = ""
        self._arguments = ""

    @property
    def begun(self) -> bool:
        return bool(self._name)

    def add(self, fragments: object) -> None:
        """`tool_calls` of one chunk's delta. Raises Fault."""
        try:
            for fragment in fragments:  # type: ignore[attr-defined]
                self._add(fragment.get("index"), fragment.get("function") or {})
        except (TypeError, AttributeError) as error:
            raise Fault("broken", "not a tool call") from error
        if len(self._arguments) > LONGEST:
            raise Fault("broken", f"arguments of more than {LONGEST} characters")

    def _add(self, index: object, function: dict[str, object]) -> None:
        name, arguments = function.get("name") or "", function.get("arguments") or ""
        if not isinstance(name, str) or not isinstance(arguments, str):
            raise TypeError
        if self._name and (index != self._index or name):
            return  # another call
        if name:
            self._index, self._name = index, name
        if self._name:
            self._arguments += arguments

    def finished(self) -> ToolCall | None:
        """Raises Fault where the arguments are no JSON object, such as one cut off."""
        if not self._name:
            return None
        try:
            arguments = orjson.loads(self._arguments or "{}")
        except orjson.JSONDecodeError as error:
            raise Fault("broken", "arguments that are no JSON") from error
        if not isinstance(arguments, dict):
            raise Fault("broken", "arguments that are no object")
        return ToolCall(self._name, arguments)
