"""Numbers as callers give them: whole, in pieces, typed, wrong, corrected, or not at all."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from knowledge.collecting import BETWEEN_KEYS, LONGEST, PARTS, TRIES, Collecting, Step
from knowledge.persona import Phrase
from knowledge.readback import spoken

TODAY = date(2026, 10, 1)
NUMBERS = {
    "policy": r"[A-Z]{2}-\d{7}",
    "claim": r"CL-\d{6}",
    "customer": r"\d{8}",
    "odd": r"(?:A|B)\d+X",
}
READ_BACK = (Phrase.COLLECT_HEARD, Phrase.COLLECT_RIGHT)
VALUE = "AB1234567"


@dataclass
class Desk:
    kind: str = "policy"
    language: str = "en"
    now: float = 50.0
    values: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.collecting = Collecting(NUMBERS, clock=lambda: self.now, today=lambda: TODAY)
        assert self.collecting.begin(self.kind, self.values.append)

    def say(self, text: str) -> Step:
        return self.collecting.turn(text, self.language)

    def type(self, keys: str) -> Step:
        return [self.collecting.key(key, self.language) for key in keys][-1]

    def wait(self, seconds: float) -> Step:
        self.now += seconds
        return self.collecting.passed(self.language)

    def confirmed(self) -> str:
        step = self.say("yes")
        assert step.ended is not None
        assert step.ended.outcome == "confirmed"
        return self.values[-1]


@pytest.mark.parametrize(
    ("kind", "language", "said", "value"),
    [
        ("policy", "en", "A B one two three four five six seven", VALUE),
        ("policy", "en", "it's AB-1234567", VALUE),
        ("policy", "en", "Sure, my policy number is A as in apple B as in Boston 12 34 567", VALUE),
        ("policy", "es", "mi número de póliza es a be uno dos tres cuatro cinco seis siete", VALUE),
        ("policy", "en", "hold on, I wrote it down somewhere, it is AB 1234567", VALUE),
        ("claim", "en", "one two three four five six", "CL123456"),
        ("claim", "es", "ce ele uno dos tres cuatro cinco seis", "CL123456"),
        ("customer", "en", "It's one two, double three, four five six seven", "12334567"),
        ("phone", "en", "five five five, one two three, four five six seven", "5551234567"),
        ("phone", "es", "seis uno dos, treinta y cuatro, cincuenta y seis, setenta", "612345670"),
        ("birth", "en", "March third nineteen eighty", "1980-03-03"),
        ("birth", "es", "el tres de marzo de mil novecientos ochenta", "1980-03-03"),
    ],
)
def test_a_number_that_is_said_is_read_back_and_taken(
    kind: str, language: str, said: str, value: str
) -> None:
    desk = Desk(kind, language)
    step = desk.say(said)
    assert step.says == READ_BACK
    assert step.number == spoken(value, language)
    assert not desk.values, "not before the caller's yes"
    assert desk.confirmed() == value
    assert not desk.collecting.open


@pytest.mark.parametrize(
    "yes",
    [
        "yes",
        "Yes, that's right.",
        "that is correct",
        "yes it is",
        "sí, es correcto",
        "eso es",
        "Sí",
    ],
)
def test_a_yes_in_either_language(yes: str) -> None:
    desk = Desk()
    desk.say("AB 1234567")
    desk.say(yes)
    assert desk.values == [VALUE]


def test_a_correction_is_read_back_again_and_counted() -> None:
    desk = Desk()
    assert desk.say("A B one two three four five six eleven").says == (
        Phrase.COLLECT_HEARD,
        Phrase.COLLECT_SLIP,
    )
    step = desk.say("No, seven, not eleven.")
    assert (step.says, step.number) == (READ_BACK, "A, B, one two three, four five six seven")
    step = desk.say("no, the last digit is eight")
    assert step.number.endswith("six eight")
    ended = desk.say("yes").ended
    assert ended is not None
    assert (ended.corrections, desk.values) == (2, ["AB1234568"])


def test_a_whole_new_number_takes_the_old_ones_place() -> None:
    desk = Desk()
    desk.say("AB 1234567")
    assert desk.say("No, it's CD 7654321.").says == READ_BACK
    assert desk.confirmed() == "CD7654321"


def test_a_plain_no_asks_for_it_again() -> None:
    desk = Desk()
    desk.say("AB 1234567")
    assert desk.say("No.").says == (Phrase.COLLECT_AGAIN,)
    desk.say("AB 1234568")
    assert desk.confirmed() == "AB1234568"


@pytest.mark.parametrize(
    ("kind", "pieces", "value"),
    [
        ("policy", ["A B", "one two three", "four five", "six seven"], VALUE),
        ("policy", ["A B one two three", "it's four five six seven"], VALUE),
        ("policy", ["a be uno dos tres", "cuarenta y cinco", "sesenta y siete"], VALUE),
        ("customer", ["one two three four", "and then five six seven eight"], "12345678"),
        ("policy", ["one two three", "A B", "four five six seven"], VALUE),
        ("birth", ["March", "the third", "nineteen eighty"], "1980-03-03"),
    ],
)
def test_a_number_may_come_in_pieces(kind: str, pieces: list[str], value: str) -> None:
    desk = Desk(kind)
    for piece in pieces[:-1]:
        assert desk.say(piece).says == (Phrase.COLLECT_MORE,)
    assert desk.say(pieces[-1]).says == READ_BACK
    assert desk.confirmed() == value


def test_pieces_that_lead_nowhere_come_to_an_end() -> None:
    desk = Desk()
    says = [desk.say("one").says for _ in range(PARTS + 1)]
    assert says == [(Phrase.COLLECT_MORE,)] * PARTS + [(Phrase.COLLECT_AGAIN,)]


@pytest.mark.parametrize(
    "said",
    [
        "Why do you need that?",
        "I have one question",
        "what does it cost for two cars",
        "¿Qué es la prima?",
        "my house is number one two three and it is on fire",
        "A B one two three four five six seven, March third 1980.",
        "AB 1234567 03/03/1980",
        "one two three " * 40,
    ],
)
def test_what_is_no_number_or_more_than_one_is_for_somebody_else(said: str) -> None:
    desk = Desk()
    assert desk.say(said).passes


@pytest.mark.parametrize(
    "said", ["I want to speak with a person.", "quiero hablar con una persona"]
)
def test_the_wish_for_a_person_wins(said: str) -> None:
    desk = Desk()
    desk.say("AB 1234567")
    step = desk.say(said)
    assert step.passes
    assert step.ended is not None
    assert step.ended.outcome == "left"
    assert not desk.collecting.open


def test_danger_wins() -> None:
    step = Desk().say("My house is on fire.")
    assert step.passes
    assert step.ended is not None


def test_a_question_in_between_leaves_the_number_where_it_was() -> None:
    desk = Desk()
    desk.say("AB 1234567")
    assert desk.say("What is a deductible?").passes
    assert desk.confirmed() == VALUE


def test_again_please_repeats_the_number() -> None:
    desk = Desk()
    step = desk.say("AB 1234567")
    assert desk.say("Can you repeat that?") == step


@pytest.mark.parametrize(
    ("kind", "language", "keys", "value"),
    [
        ("claim", "en", "123456", "CL123456"),
        ("customer", "en", "01234567", "01234567"),
        ("phone", "en", "5551234567#", "5551234567"),
        ("birth", "en", "03041980", "1980-03-04"),
        ("birth", "es", "04031980", "1980-03-04"),
    ],
)
def test_keys_are_digits(kind: str, language: str, keys: str, value: str) -> None:
    desk = Desk(kind, language)
    assert desk.type(keys).says == READ_BACK
    assert desk.type("1").ended is not None
    assert desk.values == [value]


@pytest.mark.parametrize(
    "said", ["A B", "it's A B", "AB", "a, be", "A as in apple, B as in Boston"]
)
def test_letters_that_no_key_stands_for_are_asked_for(said: str) -> None:
    desk = Desk()
    assert desk.type("1234567").says == (Phrase.COLLECT_LETTERS,)
    assert desk.say(said).says == READ_BACK
    step = desk.say("yes")
    assert step.ended is not None
    assert (desk.values, step.ended.by) == ([VALUE], "keys")


def test_letters_that_were_not_said_are_asked_for_too() -> None:
    desk = Desk()
    assert desk.say("one two three four five six seven").says == (Phrase.COLLECT_LETTERS,)
    assert desk.say("A B").says == READ_BACK
    assert desk.confirmed() == VALUE


def test_the_rest_may_be_said_after_the_first_keys() -> None:
    desk = Desk("customer")
    desk.type("1234")
    assert desk.say("five six seven eight").says == READ_BACK
    assert desk.confirmed() == "12345678"


def test_a_number_of_any_length_may_go_on_after_it_was_read_back() -> None:
    desk = Desk("phone")
    assert desk.say("five five five one two three four").says == READ_BACK
    assert desk.say("five six seven").number.endswith("four five six seven")
    assert desk.confirmed() == "5551234567"


def test_a_question_that_begins_with_a_no_is_a_question() -> None:
    desk = Desk()
    desk.say("AB 1234567")
    assert desk.say("No entiendo por qué tengo que decirle a usted el número").passes


def test_letters_may_be_said_before_the_digits_are_typed() -> None:
    desk = Desk()
    assert desk.say("A B").says == (Phrase.COLLECT_MORE,)
    assert desk.type("1234567").says == READ_BACK
    assert desk.confirmed() == VALUE


def test_a_star_starts_again() -> None:
    desk = Desk("customer")
    desk.type("99*")
    assert desk.type("12345678").says == READ_BACK
    assert desk.confirmed() == "12345678"


def test_at_the_question_one_is_yes_two_is_no_and_other_keys_begin_anew() -> None:
    desk = Desk("customer")
    desk.type("12345678")
    assert desk.type("2").says == (Phrase.COLLECT_AGAIN,)
    desk.type("12345678")
    assert desk.type("87654321").says == READ_BACK
    assert desk.confirmed() == "87654321"


def test_keys_that_stop_are_read_after_a_moment() -> None:
    desk = Desk("phone")
    desk.type("5551234567")
    assert desk.wait(BETWEEN_KEYS - 0.1) == Step()
    assert desk.wait(0.2).says == READ_BACK


def test_too_few_keys_are_asked_for_again() -> None:
    desk = Desk()
    desk.type("123")
    assert desk.collecting.due == desk.now + BETWEEN_KEYS
    assert desk.wait(BETWEEN_KEYS).says == (Phrase.COLLECT_AGAIN,)
    desk.type("1234567")
    desk.say("A B")
    assert desk.confirmed() == VALUE


def test_after_some_tries_it_gives_up() -> None:
    desk = Desk("customer")
    steps = [desk.type("1#") for _ in range(TRIES)]
    assert [step.says for step in steps[:-1]] == [(Phrase.COLLECT_AGAIN,)] * (TRIES - 1)
    assert steps[-1].says == (Phrase.COLLECT_FAILED,)
    assert steps[-1].ended is not None
    assert steps[-1].ended.outcome == "given_up"
    assert not desk.collecting.open


def test_it_takes_no_longer_than_it_may() -> None:
    desk = Desk()
    desk.say("AB 1234567")
    step = desk.wait(LONGEST)
    assert step.says == (Phrase.COLLECT_LATE,)
    assert step.ended is not None
    assert (step.ended.outcome, step.ended.seconds) == ("late", LONGEST)


def test_who_asks_for_a_moment_gets_it() -> None:
    desk = Desk()
    desk.now += LONGEST - 1
    assert desk.say("Wait a moment, please.").passes
    assert desk.wait(LONGEST - 1) == Step()


def test_what_is_masked_for_everybody_else_is_read_here() -> None:
    desk = Desk("phone")
    desk.collecting.heard("[phone number]", "five five five one two three four five six seven")
    desk.collecting.heard("nine nine", "nine nine")  # an echo, which is in nobody's turn
    assert desk.say("[phone number]").says == READ_BACK
    assert desk.confirmed() == "5551234567"


def test_a_kind_that_nobody_describes_is_not_collected() -> None:
    collecting = Collecting({}, clock=lambda: 0.0, today=lambda: TODAY)
    assert not collecting.begin("policy", lambda _: None)
    assert collecting.begin("phone", lambda _: None)


def test_a_pattern_of_another_form_is_taken_whole_or_not_at_all() -> None:
    desk = Desk("odd")
    assert desk.say("A one two three X").says == READ_BACK
    assert desk.confirmed() == "A123X"


def test_nothing_shows_the_number() -> None:
    desk = Desk("customer")
    desk.type("1234")
    assert "1234" not in repr(desk.collecting)
    assert "1234" not in repr(desk.collecting._work)
    step = desk.type("5678")
    assert "one two" not in repr(step)
