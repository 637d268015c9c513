"""A function's arguments and docstring are its schema; what the session fills stands in none."""

import asyncio
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from knowledge.tool import Bound, Change, in_language, tool


@tool()
async def moon(
    office: Bound[object],
    phase: Literal["new", "full"],
    hours: Annotated[int, Field(description="How many hours ahead.", ge=0)] = 24,
) -> str:
    """When the moon
    looks like this."""
    return f"{office} {phase} {hours}"


def test_arguments_and_docstring_make_the_schema() -> None:
    assert (moon.name, moon.about) == ("moon", "When the moon looks like this.")
    assert moon.schema == {
        "type": "object",
        "properties": {
            "phase": {"enum": ["new", "full"], "type": "string"},
            "hours": {
                "type": "integer",
                "default": 24,
                "minimum": 0,
                "description": "How many hours ahead.",
            },
        },
        "required": ["phase"],
        "additionalProperties": False,
    }


def test_what_is_bound_stands_in_no_schema_and_takes_nothing_from_the_model() -> None:
    assert moon.bound == {"office"}
    arguments = moon.arguments.model_validate({"phase": "new", "office": "another's"})
    assert arguments.model_dump() == {"phase": "new", "hours": 24}


def test_the_function_itself_can_be_called() -> None:
    assert asyncio.run(moon.run("here", "full", hours=1)) == "here full 1"  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{}, {"phase": "half"}, {"phase": "new", "hours": -1}])
def test_arguments_of_another_type_are_no_arguments(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        moon.arguments.model_validate(wrong)


def test_a_text_has_an_end() -> None:
    @tool()
    async def note(text: str) -> None:
        """Notes it."""

    with pytest.raises(ValidationError):
        note.arguments.model_validate({"text": "x" * 301})


def test_a_tool_without_a_docstring_is_a_mistake_of_its_author() -> None:
    with pytest.raises(TypeError, match="silent needs a docstring"):

        @tool()
        async def silent() -> None: ...


def test_a_change_cannot_hide_from_the_caller_what_the_model_has_chosen() -> None:
    with pytest.raises(TypeError, match="its question hides it"):

        @tool(change=Change(asks={"en": "Shall I?"}))
        async def pay(amount: int) -> None:
            """Pays."""


def test_the_question_before_a_change_is_asked_in_the_callers_language() -> None:
    change = Change(
        asks={"en": "Shall I send {what}?", "es": "¿Le envío {what}?"},
        words={"en": {"a": "an apple"}, "es": {"a": "una manzana"}},
    )
    assert change.question({"what": "a"}, "es") == "¿Le envío una manzana?"
    assert change.question({"what": "a"}, "fr") == "Shall I send an apple?"
    assert change.question({"what": "b\n c"}, "en") == "Shall I send b c?"


def test_a_language_that_is_missing_is_english_else_the_first() -> None:
    assert in_language({"es": "sí", "en": "yes"}, "de") == "yes"
    assert in_language({"es": "sí"}, "de") == "sí"
