"""What a system behind has returned, made harmless: it is read out, and gives no orders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import to_jsonable_python

from knowledge.smuggled import order_in
from knowledge.unseen import seen

LARGEST = 3000
"""Characters of one result, all its texts together."""
LONGEST = 300
"""Characters of one text."""
WIDEST = 20
"""Items of one list, fields of one record."""
DEEPEST = 5
WITHHELD = "(withheld: this was no record but an instruction)"
CUT = "(more was left out)"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SPOKEN_TO = str.maketrans({"<": "‹", ">": "›", "`": "'", "{": "(", "}": ")"})

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(slots=True)
class _Budget:
    left: int = LARGEST


def findings(value: object) -> Json:
    """Any result of a tool as plain JSON: bounded in each direction, one line per text, without
    control characters and markup, and without whatever reads like an order to a model."""
    return _harmless(to_jsonable_python(value, serialize_unknown=True), _Budget(), DEEPEST)


def _harmless(value: object, budget: _Budget, depth: int) -> Json:
    if value is None or isinstance(value, bool | int | float):
        budget.left -= 8
        return value
    if isinstance(value, str):
        return _text(value, budget)
    if depth == 0 or budget.left <= 0:
        return CUT
    if isinstance(value, Mapping):
        return {
            _text(str(key), budget): _harmless(item, budget, depth - 1)
            for key, item in list(value.items())[:WIDEST]
            if budget.left > 0
        }
    if isinstance(value, list | tuple):
        items = [_harmless(item, budget, depth - 1) for item in value[:WIDEST] if budget.left > 0]
        return items if len(items) == len(value) else [*items, CUT]
    return _text(str(value), budget)


def _text(value: str, budget: _Budget) -> str:
    text = " ".join(_CONTROL.sub(" ", seen(value[: LONGEST * 4])).split())
    if order_in(text) is not None:
        text = WITHHELD
    text = text.translate(_SPOKEN_TO)[: max(0, min(LONGEST, budget.left))]
    budget.left -= len(text)
    return text
