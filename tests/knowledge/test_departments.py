"""When a department is there, in its own time zone, and when again."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from knowledge.departments import (
    ALWAYS,
    Department,
    DepartmentFile,
    is_open,
    named_in,
    next_opening,
    spoken,
)

NEW_YORK = ZoneInfo("America/New_York")


def department(**fields: object) -> Department:
    return DepartmentFile.model_validate({"timezone": "America/New_York", **fields}).department()


OFFICE = department(
    hours={"mon-fri": "09:00-12:00, 13:00-17:30", "sat": "closed"},
    holidays=["12-24..01-01", "2026-11-26..2026-11-27"],
)
NIGHT = department(hours={"fri": "22:00-06:00"})


def at(text: str) -> datetime:
    """`2026-11-23 09:00` in New York; that day is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("when", "there"),
    [
        ("2026-11-23 08:59", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 11:59", True),
        ("2026-11-23 12:00", False),
        ("2026-11-23 13:00", True),
        ("2026-11-23 17:30", False),
        ("2026-11-21 10:00", False),
        ("2026-11-22 10:00", False),
        ("2026-11-26 10:00", False),
        ("2026-11-27 10:00", False),
        ("2026-12-24 10:00", False),
        ("2027-01-01 10:00", False),
        ("2027-01-04 10:00", True),
    ],
)
def test_hours_days_and_holidays(when: str, there: bool) -> None:
    assert is_open(OFFICE, at(when)) is there


@pytest.mark.parametrize(
    ("when", "there"),
    [
        ("2026-11-20 21:59", False),
        ("2026-11-20 22:00", True),
        ("2026-11-21 05:59", True),
        ("2026-11-21 06:00", False),
        ("2026-11-20 03:00", False),
    ],
)
def test_a_night_belongs_to_the_day_that_it_begins_on(when: str, there: bool) -> None:
    assert is_open(NIGHT, at(when)) is there


def test_the_departments_own_clock_decides() -> None:
    nine = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert is_open(OFFICE, nine)
    assert not is_open(OFFICE, nine.replace(hour=13, minute=59))
    summer = datetime(2026, 7, 6, 13, 0, tzinfo=UTC)
    assert is_open(OFFICE, summer), "an hour earlier, by UTC"


def test_without_hours_somebody_is_always_there_but_on_holidays() -> None:
    assert is_open(ALWAYS, datetime(2026, 12, 25, tzinfo=UTC))
    closed = department(holidays=["12-25"])
    assert not is_open(closed, at("2026-12-25 10:00"))
    assert is_open(closed, at("2026-12-26 10:00"))


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        ("2026-11-23 08:00", "2026-11-23 09:00"),
        ("2026-11-23 12:30", "2026-11-23 13:00"),
        ("2026-11-23 18:00", "2026-11-24 09:00"),
        ("2026-11-25 18:00", "2026-11-30 09:00"),
        ("2026-12-23 18:00", "2027-01-04 09:00"),
    ],
)
def test_the_next_opening(when: str, opens: str) -> None:
    assert next_opening(OFFICE, at(when)) == at(opens)


def test_no_next_opening_where_it_is_open_or_never_will_be() -> None:
    assert next_opening(OFFICE, at("2026-11-23 10:00")) is None
    assert next_opening(department(hours={}), at("2026-11-23 10:00")) is None


@pytest.mark.parametrize(
    ("now", "english", "spanish"),
    [
        ("2026-11-23 08:00", "today at 9:00 AM", "hoy a las 9:00 a. m."),
        ("2026-11-23 12:30", "today at 1:00 PM", "hoy a la 1:00 p. m."),
        ("2026-11-23 18:00", "tomorrow at 9:00 AM", "mañana a las 9:00 a. m."),
        ("2026-11-25 18:00", "on Monday at 9:00 AM", "el lunes a las 9:00 a. m."),
        (
            "2026-12-23 18:00",
            "on Monday, January 4 at 9:00 AM",
            "el lunes, 4 de enero, a las 9:00 a. m.",
        ),
    ],
)
def test_an_opening_is_said_as_people_say_it(now: str, english: str, spanish: str) -> None:
    opens = next_opening(OFFICE, at(now))
    assert opens is not None
    assert spoken(opens, at(now), "en") == english
    assert spoken(opens, at(now), "es") == spanish
    assert spoken(opens, at(now), "fr") == ""


def test_a_day_of_its_callers_zone_does_not_matter() -> None:
    now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # Monday evening in New York
    opens = next_opening(OFFICE, now)
    assert opens is not None
    assert spoken(opens, now, "en") == "tomorrow at 9:00 AM"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"hours": {"mon-fry": "09:00-17:00"}}, "expected days such as mon-fri"),
        ({"hours": {"mon": "9-17"}}, "expected hours such as 09:00-17:00"),
        ({"hours": {"mon": "09:00-25:00"}}, "expected hours"),
        ({"hours": {"mon": "09:00-09:00"}}, "expected hours"),
        ({"hours": {"mon-fri": "09:00-17:00", "tue": "closed"}}, "tue stands there twice"),
        ({"timezone": "America/Springfield"}, "expected a time zone"),
        ({"timezone": "../etc/passwd"}, "expected a time zone"),
        ({"holidays": ["2026-02-30"]}, "expected a day such as"),
        ({"holidays": ["2026-12-31..2026-12-24"]}, "expected a day such as"),
        ({"holidays": ["12-24..2026-12-31"]}, "expected a day such as"),
        ({"holidays": ["Christmas"]}, "expected a day such as"),
    ],
)
def test_what_is_no_department(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        DepartmentFile.model_validate(fields)


def test_days_may_be_listed_and_go_over_the_week() -> None:
    found = department(hours={"sat-mon, wed": "00:00-24:00"})
    assert found.hours is not None
    assert set(found.hours) == {0, 2, 5, 6}
    assert is_open(found, at("2026-11-22 23:59"))
    assert not is_open(found, at("2026-11-24 00:00"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("put me through to billing", "billing"),
        ("páseme con FACTURACION por favor", "billing"),
        ("a person who knows about my claim", "claims"),
        ("my claim is fine, I want somebody in billing", "billing"),
        ("atención al cliente", "general"),
        ("I want a person", ""),
        ("they are rebilling me", ""),
    ],
)
def test_a_department_is_known_by_its_name(text: str, named: str) -> None:
    departments = {
        "claims": Department({"en": "claims", "es": "siniestros"}),
        "billing": Department({"en": "billing", "es": "facturación"}),
        "general": Department({"en": "customer service", "es": "atención al cliente"}),
    }
    assert named_in(text, departments) == named
