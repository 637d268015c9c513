"""A caller names the part that was wrong, and what it is; what is not clear is no correction."""

from datetime import date

import pytest

from knowledge.correcting import corrected
from knowledge.wanted import Wanted

TODAY = date(2026, 10, 1)
VALUE = "AB1234567"


def wanted(kind: str) -> Wanted:
    found = Wanted.of(kind, {"policy": r"[A-Z]{2}-\d{7}"})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "said", "right"),
    [
        ("AB12345611", "No, seven, not eleven.", VALUE),
        ("AB12345611", "no seven not eleven", VALUE),
        ("AB12345611", "no, siete, no once", VALUE),
        ("AB12345611", "no es once, es siete", VALUE),
        ("AB1234597", "no, sixty seven, not ninety seven", "AB1234567"),
        (VALUE, "no, termina en ocho", "AB1234568"),
        (VALUE, "No, the last digit is 8.", "AB1234568"),
        (VALUE, "no, la última cifra es un ocho", "AB1234568"),
        (VALUE, "los últimos dos son 8 9", "AB1234589"),
        (VALUE, "it ends in 6 8", "AB1234568"),
        (VALUE, "the third one is a nine", "AB1294567"),
        (VALUE, "el segundo número es un cinco", "AB1534567"),
        (VALUE, "empieza por CD", "CD1234567"),
        (VALUE, "la primera letra es una C", "CB1234567"),
        (VALUE, "the first letter is D as in dog", "DB1234567"),
        (VALUE, "not AB, AC", "AC1234567"),
        (VALUE, "No, it's AC not AB", "AC1234567"),
        (VALUE, "no, A C", "AC1234567"),
        (VALUE, "a nine instead of a four", "AB1239567"),
        (VALUE, "un nueve en vez de un cuatro", "AB1239567"),
        (VALUE, "no, nueve, no uno", "AB9234567"),
        (VALUE, "no uno sino nueve", "AB9234567"),
        (VALUE, "C, not A", "CB1234567"),
    ],
)
def test_the_part_that_was_wrong_is_replaced(value: str, said: str, right: str) -> None:
    assert corrected(value, said, wanted("policy"), today=TODAY) == right


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("AB1134511", "nine, not one"),  # which of them?
        (VALUE, "no, seven"),
        (VALUE, "no"),
        (VALUE, "nine, not eleven"),
        (VALUE, "seventy one, not seven"),  # one digit too many
        (VALUE, "why do you need that"),
        (VALUE, "the ninth digit is a two"),
        (VALUE, "not seven"),
    ],
)
def test_what_does_not_lead_to_one_number_is_no_correction(value: str, said: str) -> None:
    assert corrected(value, said, wanted("policy"), today=TODAY) == ""


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("no, April, not March", "1980-04-07"),
        ("no es marzo, es mayo", "1980-05-07"),
        ("no, de abril", "1980-04-07"),
        ("no, the fourth", "1980-03-04"),
        ("not the seventh, the eighth", "1980-03-08"),
        ("no, el ocho, no el siete", "1980-03-08"),
        ("no, 1981", "1981-03-07"),
        ("no, nineteen eighty one", "1981-03-07"),
        ("eighty one, not eighty", "1981-03-07"),
        ("no, the year is 79", "1979-03-07"),
        ("no, mil novecientos setenta y nueve", "1979-03-07"),
        ("no, 2031", ""),
        ("no, the fortieth", ""),
    ],
)
def test_a_part_of_a_date_is_corrected(said: str, right: str) -> None:
    assert corrected("1980-03-07", said, wanted("birth"), today=TODAY) == right
