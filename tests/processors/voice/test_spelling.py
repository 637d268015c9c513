"""What is written, and how it is read out."""

import pytest

from processors.voice.rules import grouped
from processors.voice.spelling import Spelling

ENGLISH = {
    "Your policy AB-1234567 ends.": ("Your policy A, B, one two three, four five six seven ends."),
    "It costs $1,250.50 a year.": (
        "It costs one thousand two hundred fifty dollars and fifty cents a year."
    ),
    "You pay $1.": "You pay one dollar.",
    "$0.99": "ninety-nine cents",
    "$1.5 million": "one point five million dollars",
    "$500/month": "five hundred dollars per month",
    "20 €": "twenty euros",
    "It ends on 12/31/2027 at 9:30 a.m. Thanks.": (
        "It ends on December thirty-first, twenty twenty-seven at nine thirty A M. Thanks."
    ),
    "2026-05-04": "May fourth, twenty twenty-six",
    "on March 3rd, 2026": "on March third, twenty twenty-six",
    "on 3 March": "on the third of March",
    "We open at 9 a.m.": "We open at nine A M.",
    "14:30, 9:05 and 12:00": "two thirty P M, nine oh five and twelve o'clock",
    "12.5% of it": "twelve point five percent of it",
    "Call 1-800-555-0199.": "Call one, eight hundred, five five five, zero one nine nine.",
    "+1 (555) 010-4477": "plus one, five five five, zero one zero, four four seven seven",
    "card ending in 4242": "card ending in four two four two",
    "code 0042": "code zero zero four two",
    "10,000 people and 21 days": "ten thousand people and twenty-one days",
    "the 1st time": "the first time",
    "in 1999 and 2026": "in nineteen ninety-nine and twenty twenty-six",
    "9-11 people": "nine to eleven people",
    "100 km": "one hundred kilometers",
    "Dr. Smith, e.g. mine, etc.": "Doctor Smith, for example mine, et cetera.",
    "the DMV & you": "the D M V and you",
    "claims@answerline.com": "claims at answerline dot com",
    "and/or": "and or",
    "nothing to spell here": "nothing to spell here",
    "13/13/2027 is no date": "thirteen thirteen twenty twenty-seven is no date",
}

SPANISH = {
    "Su póliza AB-1234567 vence.": ("Su póliza a be, uno dos tres, cuatro cinco seis siete vence."),
    "Cuesta 1.250,50 € al año.": (
        "Cuesta mil doscientos cincuenta euros con cincuenta céntimos al año."
    ),
    "1 €, 21 $ y 1.000.000 €": "un euro, veintiún dólares y un millón de euros",
    "Vence el 31/12/2027 a las 9:30.": (
        "Vence el treinta y uno de diciembre de dos mil veintisiete a las nueve y media."
    ),
    "a las 21:00 h": "a las veintiuna horas",
    "a la 1:15 p. m. en punto": "a la una y cuarto de la tarde en punto",
    "2026-05-04": "cuatro de mayo de dos mil veintiséis",
    "El 3 de marzo de 2026": "El tres de marzo de dos mil veintiséis",
    "un 12,5 %": "un doce coma cinco por ciento",
    "0,05 puntos": "cero coma cero cinco puntos",
    "Llame al 900 123 456.": "Llame al nueve cero cero, uno dos tres, cuatro cinco seis.",
    "1 coche, 1 hora, 21 días, 21 personas": (
        "un coche, una hora, veintiún días, veintiuna personas"
    ),
    "el 1.º y la 2ª vez": "el primero y la segunda vez",
    "el número 4242": "el número cuatro dos cuatro dos",
    "100 km/h": "cien kilómetros por hora",
    "de 9-11": "de nueve a once",
    "El Sr. García, etc.": "El señor García, etcétera.",
    "p. ej. en EE. UU.": "por ejemplo en Estados Unidos.",
    "partes@answerline.es": "partes arroba answerline punto es",
    "20 €/mes": "veinte euros por mes",
    "nada que deletrear": "nada que deletrear",
}


@pytest.mark.parametrize(("written", "said"), ENGLISH.items())
def test_english_is_read_out(written: str, said: str) -> None:
    assert Spelling().spell(written, "en") == said


@pytest.mark.parametrize(("written", "said"), SPANISH.items())
def test_spanish_is_read_out(written: str, said: str) -> None:
    assert Spelling().spell(written, "es") == said


def test_pronunciations_come_first() -> None:
    spelling = Spelling({"en": {"VIN": "V I N", "24/7": "twenty-four seven"}})
    assert spelling.spell("Your VIN, 24/7.", "en") == "Your V I N, twenty-four seven."


def test_a_pronunciation_of_capitals_leaves_the_small_word_alone() -> None:
    assert Spelling({"en": {"ID": "I D"}}).spell("an ID, an id", "en") == "an I D, an id"


def test_a_pronounced_name_is_found_in_any_case() -> None:
    assert Spelling({"en": {"Hibari": "he bar ee"}}).spell("HIBARI", "en") == "he bar ee"


def test_other_languages_have_their_pronunciations_only() -> None:
    spelling = Spelling({"de": {"KFZ": "Ka Eff Zett"}})
    assert spelling.spell("KFZ für 5 €", "de") == "Ka Eff Zett für 5 €"
    assert spelling.spell("5 €", "fr") == "5 €"


@pytest.mark.parametrize(
    ("figures", "groups"),
    [("12", ["12"]), ("1234", ["1234"]), ("12345", ["123", "45"]), ("1234567", ["123", "4567"])],
)
def test_figures_are_read_in_groups(figures: str, groups: list[str]) -> None:
    assert grouped(figures) == groups
