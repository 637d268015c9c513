"""The agent itself, as content: who it is, how it speaks, its fixed phrases."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import Annotated

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from knowledge import plainyaml
from knowledge.departments import ALWAYS, Department, DepartmentFile
from knowledge.ingest import LARGEST, Problem, shipped
from knowledge.plainyaml import Node, Unreadable

FILE = "agent.yaml"


class Phrase(StrEnum):
    """Whatever the agent says word for word."""

    GREETING = "greeting"
    ALSO = "also"
    """After the greeting in another language: that this one is spoken too."""
    RECORDED = "recorded"
    """After the greeting: that the call is recorded."""
    MAY_RECORD = "may_record"
    """After the greeting: whether the call may be recorded."""
    RECORDING_OK = "recording_ok"
    """To a yes."""
    NOT_RECORDED = "not_recorded"
    """To a no: nothing was recorded, and nothing will be."""
    RECORDING_DELETED = "recording_deleted"
    """The recording was ended and deleted, because the caller wants none."""
    WELCOME_BACK = "welcome_back"
    """The call was interrupted and goes on; nothing was asked that has no answer."""
    CUT_OFF = "cut_off"
    """The call was interrupted while an answer was owed, which follows."""
    YOU_ASKED = "you_asked"
    """After it, what the answer is to: `{asked}` is what the caller said."""
    FILLER = "filler"
    ASK_BACK = "ask_back"
    UNKNOWN = "unknown"
    """Nothing was found: says so and offers a person."""
    OTHER_LANGUAGE = "other_language"
    """The caller speaks none of ours: said in each of them."""
    WITHHELD = "withheld"
    """In place of what the agent must not tell of itself."""
    PERSON = "person"
    """A colleague is going to be called; whether one answers is not known yet."""
    COMFORT = "comfort"
    """A colleague's telephone is still ringing."""
    REACHED = "reached"
    """A colleague has answered and is being told what it is about."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CLOSED = "closed"
    """The department's hours are over."""
    OPENS_AGAIN = "opens_again"
    """When they begin again: `{opening}` is the moment."""
    NOT_POSSIBLE = "not_possible"
    """Nobody can be put through to, for whatever other reason."""
    CALL_BACK_OFFER = "call_back_offer"
    CALL_BACK_OK = "call_back_ok"
    CALL_BACK_NO = "call_back_no"
    NEVER_MIND = "never_mind"
    """The caller does not want to wait for a colleague any more."""
    COLLEAGUE = "colleague"
    """Said to the colleague before what the caller wants."""
    CALLER_GONE = "caller_gone"
    """Said to a colleague whose caller cannot be connected any more."""
    FAILURE = "failure"
    EMERGENCY = "emergency"
    IDLE = "idle"
    IDLE_AGAIN = "idle_again"
    IDLE_END = "idle_end"
    FULL = "full"
    """There is no place for this call: said by Twilio, then it hangs up."""
    TOO_LONG = "too_long"
    """The call has reached its longest duration."""
    WAIT = "wait"
    SLOWER_OK = "slower_ok"
    REPEAT_NOTHING = "repeat_nothing"
    GOODBYE = "goodbye"
    SURVEY = "survey"
    """Before goodbye: how satisfied the caller is, from one to five."""
    SURVEY_THANKS = "survey_thanks"
    COLLECT_HEARD = "collect_heard"
    """A number is read back: `{number}` is what was understood."""
    COLLECT_RIGHT = "collect_right"
    """After it: whether it is right."""
    COLLECT_SLIP = "collect_slip"
    """After it, where it is too long: which part is wrong?"""
    COLLECT_MORE = "collect_more"
    """A part of a number has come."""
    COLLECT_LETTERS = "collect_letters"
    """The digits were typed, the letters are still wanted."""
    COLLECT_AGAIN = "collect_again"
    COLLECT_FAILED = "collect_failed"
    """The last try is over; a person is called next."""
    COLLECT_LATE = "collect_late"
    """It has taken too long."""


@dataclass(frozen=True, slots=True)
class Persona:
    name: str
    persona: str
    """Who the agent is, told to the model."""
    instructions: str
    """How the model has to answer."""
    phrases: Mapping[str, Mapping[Phrase, tuple[str, ...]]]
    """By language; several texts are variants, said in turn."""
    pronunciations: Mapping[str, Mapping[str, str]]
    """By language: a written word and how it is spoken."""
    numbers: Mapping[str, str]
    """Regular expressions of numbers that are no personal secret and may be kept."""
    terms: Mapping[str, tuple[str, ...]]
    """By language: words of the trade that the recogniser should expect."""
    departments: Mapping[str, Department] = field(default_factory=dict)
    hash: str = ""
    """Of everything above: what a turn was answered with."""

    def say(self, phrase: Phrase, language: str, turn: int = 0) -> str:
        """The phrase in this language, else in English; `turn` alternates the variants."""
        own = self.phrases.get(language, {})
        variants = own.get(phrase) or self.phrases["en"][phrase]
        return variants[turn % len(variants)].replace("{name}", self.name)

    def department(self, name: str) -> Department:
        """One that the content does not describe is always open."""
        return self.departments.get(name, ALWAYS)


class PersonaError(Exception):
    """The file cannot be used; one sentence per problem."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(folder: Traversable | None = None) -> Persona:
    """The folder's agent on top of the shipped one, which alone serves when there is no file.

    Raises PersonaError.
    """
    default = _read(shipped() / FILE)
    persona = _over(_Persona.empty(), default)
    if folder is not None and (folder / FILE).is_file():
        persona = _over(persona, _read(folder / FILE))
    persona = replace(persona, persona=persona.persona.replace("{name}", persona.name))
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    facts = hashlib.sha256(orjson.dumps(asdict(persona), option=options))
    return replace(persona, hash=facts.hexdigest()[:12])


def _variants(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _one_line(value: str) -> str:
    text = " ".join(value.split())
    if not text:
        raise ValueError("expected a text, found nothing")
    return text


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"expected a regular expression ({error})") from error
    return value


Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Text = Annotated[str, AfterValidator(_one_line)]
Variants = Annotated[tuple[Text, ...], BeforeValidator(_variants), Field(min_length=1)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class _Persona(BaseModel):
    """agent.yaml; every field may be missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text | None = None
    greeting: dict[Language, Variants] = {}
    persona: Text | None = None
    instructions: Text | None = None
    phrases: dict[Language, dict[Phrase, Variants]] = {}
    pronunciations: dict[Language, dict[Text, Text]] = {}
    numbers: dict[Text, Pattern] | None = None
    terms: dict[Language, tuple[Text, ...]] = {}
    departments: dict[Text, DepartmentFile] = {}

    @staticmethod
    def empty() -> Persona:
        return Persona("", "", "", {}, {}, {}, {})


def _over(below: Persona, file: _Persona) -> Persona:
    """What the file says, and for the rest what stands below it, phrase by phrase; but hours
    are never taken from another company's content."""
    phrases = {language: dict(known) for language, known in below.phrases.items()}
    for language, said in file.phrases.items():
        phrases.setdefault(language, {}).update(said)
    for language, greeting in file.greeting.items():
        phrases.setdefault(language, {})[Phrase.GREETING] = greeting
    return Persona(
        name=file.name or below.name,
        persona=file.persona or below.persona,
        instructions=file.instructions or below.instructions,
        phrases=phrases,
        pronunciations={**below.pronunciations, **file.pronunciations},
        numbers=below.numbers if file.numbers is None else file.numbers,
        terms={**below.terms, **file.terms},
        departments={name: one.department() for name, one in file.departments.items()},
    )


def _read(file: Traversable) -> _Persona:
    try:
        tree = _tree(file)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(FILE, line, "expected UTF-8 text, found another encoding")
        raise PersonaError((problem,)) from error
    except OSError as error:
        raise PersonaError((Problem(FILE, 1, f"cannot be read: {error.strerror}"),)) from error
    except Unreadable as error:
        raise PersonaError((Problem(FILE, error.line, error.reason),)) from error
    try:
        return _Persona.model_validate(_plain(tree))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        problems = (_problem(tree, fault["loc"], fault["type"], fault["msg"]) for fault in found)
        raise PersonaError(tuple(sorted(problems))) from error


def _tree(file: Traversable) -> plainyaml.Mapping:
    data = file.read_bytes()
    if len(data) > LARGEST:
        raise Unreadable(f"larger than {LARGEST:,} bytes", 1)
    tree = plainyaml.read(data.decode("utf-8-sig"))
    if not isinstance(tree, plainyaml.Mapping):
        raise Unreadable("expected fields such as `name:`", tree.line)
    return tree


def _plain(node: Node) -> object:
    if isinstance(node, plainyaml.Mapping):
        return {key: _plain(value) for key, value in node.items.items()}
    if isinstance(node, plainyaml.Sequence):
        return [_plain(item) for item in node.items]
    return node.text if node.is_text else 0  # whatever is no text


_EXPECTED = {
    "string_type": "expected a text; quote a number",
    "dict_type": "expected a mapping",
    "model_type": "expected a mapping",
    "list_type": "expected a list of texts",
    "tuple_type": "expected a text or a list of texts",
    "too_short": "expected at least one text",
    "string_pattern_mismatch": "expected a language code of two letters",
    "enum": "unknown phrase; expected one of " + ", ".join(sorted(Phrase)),
    "extra_forbidden": "unknown field; expected one of " + ", ".join(_Persona.model_fields),
}


def _problem(tree: Node, path: tuple[int | str, ...], kind: str, message: str) -> Problem:
    """`path` as pydantic says it: the keys down to the fault, or down to a bad key and "[key]"."""
    steps = [step for step in path if step != "[key]"]
    node = tree
    for step in steps:
        if isinstance(node, plainyaml.Mapping) and step in node.items:
            node = node.items[str(step)]
        elif isinstance(node, plainyaml.Sequence) and isinstance(step, int):
            node = node.items[step]
    expected = _EXPECTED.get(kind, message.removeprefix("Value error, "))
    if kind == "extra_forbidden" and steps[0] == "departments":
        expected = "unknown field; expected one of " + ", ".join(DepartmentFile.model_fields)
    return Problem(FILE, node.line, f"{'.'.join(str(step) for step in steps)}: {expected}")
