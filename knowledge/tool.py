"""A tool: one typed async function; what the model is told of it, what it never decides."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

LONGEST_ARGUMENT = 300
"""Characters of a text that the model may hand to a tool."""

T = TypeVar("T")


class _Bound:
    """Marks a parameter that comes from the session."""


Bound = Annotated[T, _Bound()]
"""`policy: Bound[str]` is what the session knows under the parameter's name: it stands in no
schema, and whatever the model sends by that name is dropped. `office` (the back office's client),
`language` (two letters) and `once` (an id of this one request) are always known; the others are the
facts that came with the caller's identity, and without them the tool is not offered."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller is who he says: `facts` are what later tools are bound to."""

    facts: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """The tool needs more of the caller: the question by language, spoken word for word."""

    texts: Mapping[str, str]
    collect: str = ""
    """The kind of number that is asked for, as in `numbers` of `agent.yaml`, or phone, birth, date:
    it may be typed, is read back, and the tool runs again when the caller has confirmed it."""
    into: str = ""
    """The parameter that gets the number: capitals and digits only, a date as YYYY-MM-DD."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something is different afterwards: it needs the caller's own yes to this question."""

    asks: Mapping[str, str]
    """By language; `{argument}` stands for the argument of that name."""
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By language: an argument's value and how it is spoken."""

    def question(self, arguments: Mapping[str, object], language: str) -> str:
        words = in_language(self.words, language) if self.words else {}
        told = {name: words.get(str(value), str(value)) for name, value in arguments.items()}
        text = in_language(self.asks, language)
        for name, value in told.items():
            text = text.replace(f"{{{name}}}", " ".join(value.split()))
        return text


_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    about: str
    """The function's docstring: what the model is told of it."""
    run: Callable[..., Awaitable[object]]
    arguments: type[BaseModel]
    """What the model may say."""
    bound: frozenset[str]
    """Parameters that the session fills."""
    deadline: float
    change: Change | None
    identifies: bool
    instead: frozenset[str]
    summary: Mapping[str, str]

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema, for a model; without pydantic's titles, which only repeat the names."""
        schema: dict[str, Any] = _untitled(self.arguments.model_json_schema())
        schema.pop("description", None)
        return {**schema, "additionalProperties": False}


def tool(
    *,
    deadline: float = 2.5,
    change: Change | None = None,
    identifies: bool = False,
    instead: tuple[str, ...] = (),
    summary: Mapping[str, str] = _NOTHING,
) -> Callable[[Callable[..., Awaitable[object]]], Tool]:
    """Makes a tool of an async function. What it returns is data for the model: a pydantic model,
    a list of them, None for "there is no such thing"; or an `Ask`. It raises `Fault`.

    `deadline`: seconds it may take. `identifies`: it is there for callers who are not known yet,
    and for nobody else; an `Identity` makes a caller known, None is a try that failed, after the
    last of which a colleague is told `summary`, by language. `instead`: entries of the knowledge
    whose written answer is worse than what the tool finds.
    """

    def made(function: Callable[..., Awaitable[object]]) -> Tool:
        hints = get_type_hints(function, include_extras=True)
        fields: dict[str, Any] = {}
        bound: set[str] = set()
        for argument, parameter in inspect.signature(function).parameters.items():
            hint, default = hints[argument], parameter.default
            if any(isinstance(mark, _Bound) for mark in getattr(hint, "__metadata__", ())):
                bound.add(argument)
            else:
                fields[argument] = (hint, ... if default is parameter.empty else default)
        name = getattr(function, "__name__", "")
        about = inspect.getdoc(function)
        if not about:
            raise TypeError(f"{name} needs a docstring: it is what the model is told of the tool")
        for question in change.asks.values() if change else ():
            if unsaid := [argument for argument in fields if f"{{{argument}}}" not in question]:
                raise TypeError(f"{name} changes something by {unsaid}, and its question hides it")
        config = ConfigDict(extra="ignore", str_max_length=LONGEST_ARGUMENT, frozen=True)
        arguments = create_model(name, __config__=config, **fields)
        return Tool(
            name=name,
            about=" ".join(about.split()),
            run=function,
            arguments=arguments,
            bound=frozenset(bound),
            deadline=deadline,
            change=change,
            identifies=identifies,
            instead=frozenset(instead),
            summary=summary,
        )

    return made


def in_language(texts: Mapping[str, T], language: str) -> T:
    """The language's own, else English, else whichever there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()))


def _untitled(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _untitled(value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_untitled(item) for item in node] if isinstance(node, list) else node
