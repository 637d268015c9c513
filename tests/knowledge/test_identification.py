"""A date of birth and a policy's number are understood however they are said."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.identification import spoken_code, spoken_date

TODAY = date(2026, 10, 1)
BORN = date(1980, 3, 3)


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("1980-03-03", "en"),
        ("March third nineteen eighty", "en"),
        ("March 3rd, 1980", "en"),
        ("the third of March nineteen eighty", "en"),
        ("3 March 80", "en"),
        ("March three nineteen hundred eighty", "en"),
        ("I was born on oh three oh three nineteen eighty", "en"),
        ("zero three zero three one nine eight zero", "en"),
        ("03031980", "en"),
        ("19800303", "es"),
        ("3 de marzo de 1980", "es"),
        ("tres de marzo de mil novecientos ochenta", "es"),
        ("el 3 de marzo del 80", "es"),
        ("03/03/1980", "es"),
        ("3.3.1980", "es"),
    ],
)
def test_a_date_is_the_same_however_it_is_said(said: str, language: str) -> None:
    assert spoken_date(said, language, today=TODAY) == BORN


@pytest.mark.parametrize(
    ("said", "language", "born"),
    [
        ("December twenty first nineteen sixty four", "en", date(1964, 12, 21)),
        ("May thirty-first two thousand and one", "en", date(2001, 5, 31)),
        ("July fourth nineteen oh five", "en", date(1905, 7, 4)),
        ("July 4 2 0 0 5", "en", date(2005, 7, 4)),
        ("May 5th, twenty ten", "en", date(2010, 5, 5)),
        ("05/12/2001", "en", date(2001, 5, 12)),
        ("05/12/2001", "es", date(2001, 12, 5)),
        ("25/12/2001", "en", date(2001, 12, 25)),
        ("12/25/2001", "es", date(2001, 12, 25)),
        ("treinta y uno de diciembre de mil novecientos noventa y nueve", "es", date(1999, 12, 31)),
        ("primero de enero de dos mil", "es", date(2000, 1, 1)),
        ("veintidós de septiembre del dos mil cinco", "es", date(2005, 9, 22)),
        ("1 1 26", "en", date(2026, 1, 1)),
        ("1 1 27", "en", date(1927, 1, 1)),
    ],
)
def test_dates_of_either_language(said: str, language: str, born: date) -> None:
    assert spoken_date(said, language, today=TODAY) == born


@pytest.mark.parametrize(
    "said",
    [
        "",
        "March",
        "1980",
        "yesterday",
        "February 30 1980",
        "2031-01-01",
        "March 3 12345",
        "May or June 3 1980",
    ],
)
def test_what_is_no_day_in_the_past_is_none(said: str) -> None:
    assert spoken_date(said, "en", today=TODAY) is None


@pytest.mark.parametrize(
    "said",
    [
        "AB-1234567",
        "ab 1234567",
        "AB 12 34 567",
        "A B one two three four five six seven",
        "A, B, 1, 2, 3, 4, 5, 6, 7",
        "my number is A B dash one twenty three forty five sixty seven",
        "A as in apple B as in Boston one two three four five six seven",
        "a de avión, be, uno dos tres cuatro cinco seis siete",
        "a be doce treinta y cuatro cinco seis siete",
        "alpha bravo one two three four five six seven",
        "A alpha, B bravo, one two three four five six seven",
    ],
)
def test_a_code_is_the_same_however_it_is_said(said: str) -> None:
    assert spoken_code(said).endswith("B1234567")


def test_repeated_characters_are_written_out() -> None:
    assert spoken_code("double A triple seven oh") == "AA7770"


@given(st.text(max_size=300), st.sampled_from(["en", "es", ""]))
def test_no_text_is_too_strange(said: str, language: str) -> None:
    spoken_code(said)
    found = spoken_date(said, language, today=TODAY)
    assert found is None or found <= TODAY


@given(st.dates(date(1900, 1, 1), TODAY))
def test_every_written_date_is_read(born: date) -> None:
    assert spoken_date(born.isoformat(), "es", today=TODAY) == born
    assert spoken_date(born.strftime("%d/%m/%Y"), "es", today=TODAY) == born
    assert spoken_date(born.strftime("%m/%d/%Y"), "en", today=TODAY) == born
    assert spoken_date(born.strftime("%B %d, %Y"), "en", today=TODAY) == born
