"""What callers say to show who they are: dates and codes, spoken or written, made comparable."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from knowledge.numbers import (
    AGAIN,
    DIGITS,
    HUNDREDS,
    LETTERS,
    ORDINALS,
    ORDINARY,
    SPELLING,
    TEENS,
    TENS,
)
from knowledge.words import fold

OLDEST = 1880
"""Nobody who calls was born before."""
_LONGEST = 200
"""Characters that are read."""
_DIGIT = range(10)
_WHOLE = len("DDMMYYYY")
_CENTURY = 100

_MONTHS = (
    "january february march april may june july august september october november december",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "ene feb mar abr may jun jul ago sep oct nov dic",
)
_NUMBERS: dict[str, int] = {
    **DIGITS,
    **TEENS,
    **{word: n * 10 for word, n in TENS.items()},
    **{word: n * 100 for word, n in HUNDREDS.items()},
    **ORDINALS,
    **{"o": 0, "hundred": 100, "thousand": 1000, "mil": 1000},
}
_MONTH = {
    **{word: n for words in _MONTHS for n, word in enumerate(words.split(), start=1)},
    **{"sept": 9, "setiembre": 9},
}
_WITHIN = {"and", "y"}
_MULTIPLIED = {"hundred": 100, "thousand": 1000, "mil": 1000}
_TOKEN = re.compile(r"[a-z]+|\d+")
_LETTERS = {word: letter for word, letter in LETTERS.items() if word not in ORDINARY}
_LIKENED = re.compile(r"\b(\w) (?:as in|as|like|for|de|como) \w{3,}")
"""`B as in Berlin`: the letter is what counts."""
_TOGETHER = re.compile(r"\b[A-Z]{2,3}(?=\b|\d)|\A[a-z]{2,3}(?=[\s-]*\d)")
"""Letters of a code that are written as one word."""
_SPELLED = re.compile(rf"\b(\w)(?:,? )(?=\1)(?:{'|'.join(SPELLING)})\b")
"""`B bravo`: one letter."""
_JOINED = re.compile(rf"\b({'|'.join(TENS)}) y ")
"""`treinta y cuatro`: a number, not the letter."""


def spoken_date(text: str, language: str, *, today: date) -> date | None:
    """A day in the past, such as a birth; None where the text does not tell one.

    Where day and month could be either, English says the month first.
    """
    text = text[:_LONGEST]
    items = list(_items(fold(text)))
    months = [at for at, item in enumerate(items) if isinstance(item, str)]
    if len(months) > 1:
        return None
    numbers = [item for item in items if isinstance(item, int)]
    if months:
        return _named(_MONTH[str(items[months[0]])], numbers, today)
    return _numeric(_apart(text, numbers), month_first=language == "en", today=today)


def spoken_parts(text: str) -> tuple[list[int], list[int]]:
    """Of a date that is told in part: the months by their names, and the numbers."""
    items = list(_items(fold(text[:_LONGEST])))
    months = [_MONTH[item] for item in items if isinstance(item, str)]
    return months, [item for item in items if isinstance(item, int)]


def is_code(word: str) -> bool:
    """A folded word that `spoken_code` reads as letters or digits."""
    return len(word) == 1 or word in _NUMBERS or word in _LETTERS or word in AGAIN


def spoken_code(text: str) -> str:
    """Letters and digits of a code, in capitals, nothing between them.

    Words that are no letter's or number's name are left out.
    """
    plain = _SPELLED.sub(r"\1", _LIKENED.sub(r"\1", fold(text[:_LONGEST])))
    together = {word.lower() for word in _TOGETHER.findall(text[:_LONGEST])}
    found: list[str] = []
    times, run = 1, list[str]()

    def numbers() -> str:
        return "".join(str(number) for number in _cardinals(run))

    for word in _TOKEN.findall(_JOINED.sub(r"\1 ", plain)):
        if word in _NUMBERS and word not in _LETTERS:
            run += [word] * times
        elif word.isdigit() or len(word) == 1 or word in _LETTERS or word in together:
            found += [numbers(), _LETTERS.get(word, word.upper()) * times]
            run.clear()
        times = AGAIN.get(word, 1)
    return "".join([*found, numbers()])


def _items(text: str) -> Iterator[int | str]:
    """Months by their names, and whole numbers; what else is said is left out."""
    run: list[str] = []
    for token in _TOKEN.findall(text):
        if token in _MONTH:
            yield from _cardinals(run)
            run.clear()
            yield token
        elif token in _NUMBERS or token.isdigit():
            run.append(token)
        elif token not in _WITHIN:  # `doce de mil novecientos`: twelve, not twelve thousand
            yield from _cardinals(run)
            run.clear()
    yield from _cardinals(run)


def _cardinals(tokens: Iterable[str]) -> Iterator[int]:
    """`twenty first` is 21, `mil novecientos ochenta` 1980, but `nineteen eighty` 19 and 80."""
    value, room = -1, 0
    for token in tokens:
        number = int(token) if token.isdigit() else _NUMBERS[token]
        if token in _MULTIPLIED and 0 < value < number:
            value, room = value * number, number
        elif value >= 0 and 0 < number < room:
            value, room = value + number, _room(token, number)
        else:
            if value >= 0:
                yield value
            value, room = number, _room(token, number)
    if value >= 0:
        yield value


def _room(token: str, number: int) -> int:
    """What may follow as a part of the same number is less than this."""
    if token.isdigit() or number == 0:
        return 0
    return next((size for size in (1000, 100, 10) if number >= size and number % size == 0), 0)


def _named(month: int, numbers: Sequence[int], today: date) -> date | None:
    if not numbers:
        return None
    if numbers[0] >= OLDEST:
        year, days = numbers[0], numbers[1:]
        day, rest = _part(days)
        return None if rest else _day(year, month, day, today)
    day, rest = _part(numbers)
    return _day(_year(rest, today), month, day, today)


def _numeric(numbers: Sequence[int], *, month_first: bool, today: date) -> date | None:
    if numbers and numbers[0] >= OLDEST:
        month, rest = _part(numbers[1:])
        day, rest = _part(rest)
        return None if rest else _day(numbers[0], month, day, today)
    one, rest = _part(numbers)
    other, rest = _part(rest)
    year = _year(rest, today)
    orders = [(one, other), (other, one)]
    for month, day in orders if month_first else reversed(orders):
        if (found := _day(year, month, day, today)) is not None:
            return found
    return None


def _apart(text: str, numbers: Sequence[int]) -> Sequence[int]:
    """Eight digits, written as one or said one by one, are two pairs and a year, or the reverse."""
    digits = re.findall(r"\d+", text)
    if len(digits) == 1 and len(digits[0]) == _WHOLE:
        whole = digits[0]
    elif len(numbers) == _WHOLE and all(number in _DIGIT for number in numbers):
        whole = "".join(str(number) for number in numbers)
    else:
        return numbers
    cuts = (0, 4, 6, 8) if whole[:2] in {"18", "19", "20"} else (0, 2, 4, 8)
    return [int(whole[start:end]) for start, end in pairwise(cuts)]


def _part(numbers: Sequence[int]) -> tuple[int, Sequence[int]]:
    """Day or month, maybe said as `oh three`, and what follows."""
    if len(numbers) > 1 and numbers[0] == 0 and numbers[1] in _DIGIT:
        return numbers[1], numbers[2:]
    return (numbers[0], numbers[1:]) if numbers else (0, ())


def _year(numbers: Sequence[int], today: date) -> int:
    """0 where it is none."""
    if not numbers:
        return 0
    if all(number in _DIGIT for number in numbers):
        year = int("".join(str(number) for number in numbers))
    elif numbers[0] in {18, 19, 20} and len(numbers) > 1:
        year = numbers[0] * _CENTURY + int("".join(str(number) for number in numbers[1:]))
    else:
        year = numbers[0] if len(numbers) == 1 else 0
    if year < _CENTURY:
        year += today.year // _CENTURY * _CENTURY
        return year if year <= today.year else year - _CENTURY
    return year


def _day(year: int, month: int, day: int, today: date) -> date | None:
    if not OLDEST <= year <= today.year:
        return None
    try:
        found = date(year, month, day)
    except (ValueError, OverflowError):
        return None
    return found if found <= today else None
