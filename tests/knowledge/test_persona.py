from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from knowledge.departments import is_open
from knowledge.ingest import ingest, shipped
from knowledge.persona import FILE, PersonaError, Phrase, load


def written(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


FILLED_IN = {
    Phrase.OPENS_AGAIN: "{opening}",
    Phrase.COLLECT_HEARD: "{number}",
    Phrase.YOU_ASKED: "{asked}",
}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("phrase", list(Phrase))
def test_the_shipped_agent_says_everything_in_both_languages(phrase: Phrase, language: str) -> None:
    persona = load()
    assert persona.phrases[language][phrase]
    said = persona.say(phrase, language)
    if (place := FILLED_IN.get(phrase)) is not None:
        assert place in said
        said = said.replace(place, "")
    assert "{" not in said


def test_variants_take_turns() -> None:
    persona = load()
    said = {persona.say(Phrase.FILLER, "en", turn) for turn in range(6)}
    assert len(said) == len(persona.phrases["en"][Phrase.FILLER]) > 1


def test_a_folder_without_the_file_has_the_shipped_agent(tmp_path: Path) -> None:
    assert load(tmp_path) == load()


def test_what_a_file_does_not_say_is_as_shipped(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        "name: Ada\ngreeting: {en: 'Ada here.', fr: 'Bonjour, {name}.'}\n"
        "phrases:\n  es:\n    goodbye: [Hasta luego., Adiós.]\nterms: {es: [granizo]}\n",
    )
    persona, default = load(folder), load()
    assert persona.say(Phrase.GREETING, "en") == "Ada here."
    assert persona.say(Phrase.GREETING, "fr") == "Bonjour, Ada."
    assert "Ada" in persona.say(Phrase.GREETING, "es")
    assert "Ada" in persona.persona
    assert persona.say(Phrase.GOODBYE, "es", turn=1) == "Adiós."
    assert persona.say(Phrase.IDLE, "es") == default.say(Phrase.IDLE, "es")
    assert persona.say(Phrase.IDLE, "fr") == default.say(Phrase.IDLE, "en")
    assert persona.terms == {"en": default.terms["en"], "es": ("granizo",)}
    assert persona.numbers == default.numbers == {"policy": r"[A-Z]{2}-\d{7}"}


def test_the_shipped_departments_have_hours_for_what_the_entries_use() -> None:
    content = ingest(shipped(), date(2026, 1, 1))
    departments = load().departments
    assert {entry.department for entry in content.entries} <= set(departments)
    assert all(one.named("en") and one.named("es") for one in departments.values())


def test_a_file_without_departments_is_always_there(tmp_path: Path) -> None:
    persona = load(written(tmp_path, "name: Ada\n"))
    assert persona.departments == {}
    christmas = datetime(2026, 12, 25, 3, tzinfo=UTC)
    assert is_open(persona.department("claims"), christmas)
    assert not is_open(load().department("claims"), christmas)


def test_the_hash_tells_contents_apart(tmp_path: Path) -> None:
    one = load(written(tmp_path, "name: One\n")).hash
    assert load(written(tmp_path, "name: One # a comment\n")).hash == one
    assert load(written(tmp_path, "name: Two\n")).hash != one


WRONG = [
    ("nam: x", 1, "nam: unknown field; expected one of name, greeting"),
    ("name: 7", 1, "name: expected a text"),
    ("name:", 1, "name: expected a text"),
    ("name: '  '", 1, "name: expected a text, found nothing"),
    ("terms: {en: hail}", 1, "terms.en: expected"),
    ("greeting: hello", 1, "greeting: expected a mapping"),
    ("phrases:\n  en:\n    godbye: x", 3, "phrases.en.godbye: unknown phrase; expected one of"),
    ("phrases:\n  en:\n    filler: [a, {b: c}]", 3, "phrases.en.filler.1: expected a text"),
    ("phrases:\n  en:\n    filler: []", 3, "phrases.en.filler: expected at least one text"),
    ("phrases:\n  spanish:\n    filler: a", 3, "phrases.spanish: expected a language code"),
    ("numbers:\n  policy: '['", 2, "numbers.policy: expected a regular expression"),
    (
        "departments:\n  claims:\n    hours:\n      mon-fry: 09:00-17:00",
        4,
        "departments.claims.hours.mon-fry: expected days",
    ),
    (
        "departments:\n  claims:\n    hours: {mon: 9 to 5}",
        3,
        "departments.claims.hours.mon: expected hours",
    ),
    (
        "departments:\n  claims:\n    timezone: Mars/Olympus",
        3,
        "departments.claims.timezone: expected a time zone",
    ),
    (
        "departments:\n  claims:\n    holidays: [12-25, 13-01]",
        3,
        "departments.claims.holidays.1: expected a day",
    ),
    (
        "departments:\n  claims:\n    open: x",
        3,
        "departments.claims.open: unknown field; expected one of name, hours, timezone",
    ),
    ("- a", 1, "expected fields"),
    ("name: [", 2, "not YAML"),
    ("", 1, "nothing in it"),
]


@pytest.mark.parametrize(("text", "line", "sentence"), WRONG)
def test_a_wrong_file_is_refused_with_one_sentence(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    with pytest.raises(PersonaError) as caught:
        load(written(tmp_path, text))
    (problem,) = caught.value.problems
    assert problem.line == line
    assert sentence in problem.reason
    assert str(caught.value) == str(problem)
    assert str(problem).startswith(f"{FILE}:{line}: ")


def test_every_mistake_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PersonaError) as caught:
        load(written(tmp_path, "name: 1\nnumbers: {a: '['}\nfoo: x\n"))
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes("name: x\npersona: señor\n".encode("latin-1"))
    with pytest.raises(PersonaError, match=r"agent\.yaml:2: expected UTF-8"):
        load(tmp_path)
