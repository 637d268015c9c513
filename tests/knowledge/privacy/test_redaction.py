"""What is personal is masked, also where it comes in pieces; what is harmless stays."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.privacy import Redactor
from knowledge.privacy.kinds import Kind
from knowledge.privacy.vault import Vault

NUMBERS = {"policy": r"[A-Z]{2}-\d{7}", "claim": r"CL\.\d{6}"}


def redactor() -> Redactor:
    return Redactor(NUMBERS, today=date(2026, 11, 22))


def masked(*utterances: str) -> list[str]:
    reader = redactor()
    return [reader.read(text).text for text in utterances]


PERSONAL = [
    ("My card is 4111 1111 1111 1111.", "My card is [card number]."),
    ("4111-1111-1111-1111", "[card number]"),
    ("X1234567 Z X1234567", "[identity number] X[number]"),
    ("a@b.co@c.com", "[email address][email address]"),
    ("it's 4111111111111111 okay", "it's [card number] okay"),
    ("four one one one one one one one one one one one one one one one", "[card number]"),
    ("forty one eleven eleven eleven", "[number]"),
    ("cuatro uno uno uno uno uno uno uno", "[number]"),
    ("doble cinco doble cinco uno dos", "[number]"),
    ("oh four oh seven", "[number]"),
    ("double five uh double five then one two", "[number]"),
    ("４１１１ １１１１", "[number]"),
    ("cvv 123", "cvv [security code]"),
    ("el código de seguridad es uno dos tres", "el código de seguridad es [security code]"),
    ("my social is 123-45-6789", "my social is [social security number]"),
    ("DNI 12345678Z", "DNI [identity number]"),
    ("mi NIE es X1234567L", "mi NIE es [identity number]"),
    (
        "mi DNI es uno dos tres cuatro cinco seis siete ocho letra zeta",
        "mi DNI es [identity number]",
    ),
    ("IBAN ES91 2100 0418 4502 0005 1332", "IBAN [account number]"),
    ("call me at (415) 555-2671", "call me at [phone number]"),
    ("+34 612 345 678", "[phone number]"),
    (
        "llámame al seiscientos doce treinta y cuatro cincuenta y seis setenta y ocho",
        "llámame al [phone number]",
    ),
    ("write to john.smith@example.com please", "write to [email address] please"),
    ("john dot smith at gmail dot com is my email", "[email address] is my email"),
    (
        "mi correo es maria guion bajo lopez arroba hotmail punto com",
        "mi correo es [email address]",
    ),
    ("I was born on May fifth nineteen eighty", "I was born on [date of birth]"),
    ("nací el 5 de mayo de 1980", "nací el [date of birth]"),
    ("nací el cinco del doce de mil novecientos ochenta", "nací el [date of birth]"),
    ("It's 5/12/1980.", "It's [date of birth]."),
    ("el 3 de mayo de 1980 el 3 de mayo de 1980", "el [date of birth] el [date of birth]"),
    ("five twelve nineteen eighty", "[date of birth]"),
    ("I live at 123 Main Street, apartment 4", "I live at [address]"),
    ("vivo en la calle Mayor número 12, piso 3", "vivo en [address]"),
    ("my pin is 2024", "my pin is [number]"),
    ("policy AB-12345678", "policy AB-[number]"),
]

HARMLESS = [
    "my policy number is AB-1234567",
    "it's ab1234567",
    "it's AB 1234567",
    "policy A B one two three four five six seven",
    "póliza be erre 1 2 3 4 5 6 7",
    "my claim is CL.123456",
    "The accident was on March 3rd, 2024 at 10:30",
    "el 3 de marzo de 2024",
    "on march third twenty twenty four",
    "it happened on 03/04/2025",
    "since 2019 I pay 45 dollars",
    "in two thousand nineteen",
    "my 2019 Honda Civic",
    "the bill was $1,250.50",
    "dos mil quinientos euros",
    "it costs two thousand five hundred dollars",
    "15,000 miles and 12 thousand dollars",
    "at ten thirty",
    "nine fifteen am",
    "24/7 roadside, call 911",
    "I have 2 cars and 3 kids",
    "what's the deductible?",
]


@pytest.mark.parametrize(("said", "seen"), PERSONAL)
def test_what_is_personal_is_masked(said: str, seen: str) -> None:
    assert masked(said) == [seen]


@pytest.mark.parametrize("said", HARMLESS)
def test_what_is_harmless_stays(said: str) -> None:
    assert masked(said) == [said]


@pytest.mark.parametrize(
    ("utterances", "seen"),
    [
        (
            [
                "my card is four one",
                "one one",
                "yes",
                "one one one one one one",
                "one one one one one one",
            ],
            ["my card is four one", "[number]", "yes", "[phone number]", "[card number]"],
        ),
        (
            ["4111 1111 1111 1111", "12 27", "and 123"],
            ["[card number]", "[security code]", "and [security code]"],
        ),
        (["612", "34 56", "78"], ["612", "[number]", "[phone number]"]),
        (["it's A B one two", "three four five six seven"], ["it's A B one two", "AB1234567"]),
        (["A B", "1234567"], ["A B", "AB1234567"]),
        (["four", "AB1234567"], ["four", "AB1234567"]),
        (["four", "AAA1234567"], ["four", "AAA[number]"]),
        (["AA", "AAAB1234567"], ["AA", "AAAB[number]"]),
        (["A", "B 1234567"], ["A", "AB1234567"]),
        (["I have 2", "and I paid 300 dollars"], ["I have 2", "and I paid 300 dollars"]),
        (
            ["41", "what is my deductible, could you tell me", "11"],
            ["41", "what is my deductible, could you tell me", "11"],
        ),
    ],
)
def test_a_number_in_pieces_is_masked_from_its_fourth_digit_on(
    utterances: list[str], seen: list[str]
) -> None:
    assert masked(*utterances) == seen


BORN = "March third 1981."


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("No, 1980.", "No, [date of birth]."),
        ("1980, not 1981.", "[date of birth], not [date of birth]."),
        ("Sorry, I meant nineteen eighty.", "Sorry, I meant [date of birth]."),
        ("It's eighty, not eighty one.", "It's [date of birth], not [date of birth]."),
        ("No, the fourth of March.", "No, the [date of birth]."),
        ("No, perdón, mil novecientos ochenta", "No, perdón, [date of birth]"),
        ("No, el cuatro de marzo", "No, el [date of birth]"),
        ("My car is from 1998.", "My car is from 1998."),
        ("No, I have had it since 1998.", "No, I have had it since 1998."),
        ("The accident was on May 5th.", "The accident was on May 5th."),
    ],
)
def test_a_date_of_birth_that_is_put_right_is_masked_too(said: str, seen: str) -> None:
    assert masked(BORN, said)[1] == seen
    assert masked(BORN, "Yes", said)[2] == seen
    assert masked(said) == [said], "without a date of birth before it"


def test_what_follows_a_date_of_birth_at_once_may_be_its_year() -> None:
    assert masked(BORN, "1980.") == ["[date of birth].", "[date of birth]."]
    assert masked(BORN, "Yes.", "1980.") == ["[date of birth].", "Yes.", "1980."]
    reader = redactor()
    reader.read(BORN)
    assert reader.glance("No, 1980").text == "No, [date of birth]"


def test_the_value_of_what_was_masked_is_whole() -> None:
    reader, vault = redactor(), Vault()
    for text in ["4111", "1111 1111 1111", "born May 5 1980", "123 45 6789"]:
        vault.keep(reader.read(text).masked)
    assert vault.fill("[card number], [date of birth]") == "4111111111111111, May 5 1980"
    assert vault.fill("[email address] (card number)") == "[email address] (card number)"
    assert "4111" not in repr(reader.read("4111 1111"))
    vault.empty()
    assert vault.fill("[card number]") == "[card number]"


_PIECES = """
four one uno dos 4111 41 double card born at gmail dot com calle Mayor 12 street May 5 1980 cvv $ ,
dollars AB-1234567 . y and treinta mil [number] it's 3rd 10:30 03/04/2025
"""
WORDS = st.sampled_from(_PIECES.split())


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_what_was_masked_stays_as_it_is(text: str) -> None:
    once = redactor().read(text).text
    assert redactor().read(once).text == once


@pytest.mark.parametrize(
    "text",
    ["# may", "may #", "# de 5 de 1980", "5 de # de 1980", "5 de 5 de #", "may 5, #", "born #"],
)
def test_a_number_of_thousands_of_digits_is_a_number(text: str) -> None:
    assert "111" not in redactor().read(text.replace("#", "1" * 4900)).text


@pytest.mark.parametrize("piece", ["in 3 days ", "a b c < "])
def test_what_is_more_than_anybody_says_is_masked_whole(piece: str) -> None:
    text = piece * 190 + "well " * 500
    assert masked(text + "my card") == [text + "my card"]
    flood = text + piece * 700
    (seen,) = masked(flood)
    assert seen.startswith(text)
    assert seen.endswith("[number]")
    assert len(seen) < len(flood)
    assert masked(seen) == [seen]


def test_a_month_beyond_all_numbers_is_none() -> None:
    assert masked("1880 four 3000000000") == ["[number]"]


@given(st.text(max_size=200))
def test_nothing_raises(text: str) -> None:
    reader = redactor()
    assert reader.glance(text).text == reader.read(text).text


def test_every_kind_has_a_place_of_its_own() -> None:
    assert len({kind.value for kind in Kind}) == len(Kind)


@pytest.mark.parametrize("text", ["\u1dc0", "4111 \u0301 1111", "\u200b4111"])
def test_marks_alone_are_no_words(text: str) -> None:
    assert "4111" not in redactor().read(text).text
