"""Numbers in a text, as figures and as English and Spanish words, with where they stand."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from enum import Enum, auto
from itertools import islice
from typing import NamedTuple

from knowledge.numbers import AGAIN, DIGITS, HUNDREDS, LETTERS, TEENS, TENS
from knowledge.privacy.kinds import Kind, listed
from knowledge.words import fold

_TOKEN = re.compile(rf"\[(?:{'|'.join(Kind)})\]|\d+|[^\W\d_]+|[^\s\w]|_")
_HUNDRED = 100
_THOUSAND = 1000
_TEN = 10
_MOST = 1_000_000_000

_SCALES = {
    "thousand": _THOUSAND,
    "mil": _THOUSAND,
    "million": _THOUSAND**2,
    "millon": _THOUSAND**2,
    "millones": _THOUSAND**2,
}
_AND = {"and", "y"}
_BEGINNING = frozenset((*DIGITS, *TEENS, *TENS, *HUNDREDS, *AGAIN, *_SCALES, "hundred", "o"))
_ENGLISH = listed("""
    double triple oh zero one two three four five six seven eight nine twenty thirty forty
    fifty sixty seventy eighty ninety
    """)


class Form(Enum):
    FIGURES = auto()
    DIGIT = auto()
    """One digit as a word, or several by `double`."""
    PAIR = auto()
    """From ten to ninety-nine."""
    COUNTED = auto()
    """With a word for hundreds, thousands or more in it."""


class Token(NamedTuple):
    text: str
    """Folded: small letters without accents."""
    start: int
    end: int
    shouted: bool = False
    """Written in capitals only."""

    @property
    def masked(self) -> bool:
        """Something was here that nobody sees."""
        return len(self.text) > 1 and self.text[0] == "["


class Numeral(NamedTuple):
    digits: str
    form: Form
    first: int
    """Of its tokens."""
    after: int
    """The token after it."""

    @property
    def value(self) -> int:
        """At most a milliard: Python makes no number of thousands of digits."""
        return int(self.digits) if len(self.digits) < len(str(_MOST)) else _MOST


def tokens(text: str, most: int | None = None) -> list[Token]:
    """All, or the first ones."""
    return [
        Token(
            fold(match.group()) or match.group(),
            match.start(),
            match.end(),
            match.group().isupper(),
        )
        for match in islice(_TOKEN.finditer(text), most)
    ]


def touched(said: Sequence[Token], match: re.Match[str]) -> tuple[int, int]:
    """The first token that a match has a part of, and the token after the last one."""
    first = bisect_right(said, match.start(), key=lambda token: token.end)
    return first, bisect_left(said, match.end(), lo=first, key=lambda token: token.start)


def letter(token: Token, *, named: bool) -> str:
    """The letter that a token spells, in capitals; "" for none. `named`: also by its name, which
    may be an ordinary word."""
    if len(token.text) == 1 and token.text.isalpha():
        return token.text.upper()
    return LETTERS.get(token.text, "") if named else ""


def numeric(token: Token) -> bool:
    """May begin a number."""
    return token.text[0].isdigit() or token.text in _BEGINNING


def numerals(said: Sequence[Token]) -> list[Numeral]:
    """All numbers, from left to right, each as large as it can be read."""
    found: list[Numeral] = []
    at = 0
    while at < len(said):
        numeral = _numeral(said, at)
        if numeral is None:
            at += 1
        else:
            found.append(numeral)
            at = numeral.after
    return found


def _numeral(said: Sequence[Token], at: int) -> Numeral | None:
    word = said[at].text
    if word[0].isdigit():
        return Numeral(_plain(word), Form.FIGURES, at, at + 1)
    if (times := AGAIN.get(word)) and (digit := _digit(said, at + 1)) is not None:
        return Numeral(digit * times, Form.DIGIT, at, at + 2)
    if word == "o":  # in Spanish a word of its own, between two numbers too
        beside = {said[near].text for near in (at - 1, at + 1) if 0 <= near < len(said)}
        return Numeral("0", Form.DIGIT, at, at + 1) if beside & _ENGLISH else None
    return _counted(said, at)


def _plain(figures: str) -> str:
    """Digits of any script as ASCII."""
    return "".join(str(int(figure)) if figure.isdecimal() else "0" for figure in figures)


def _digit(said: Sequence[Token], at: int) -> str | None:
    if at >= len(said):
        return None
    word = said[at].text
    if word.isdecimal() and len(word) == 1:
        return _plain(word)
    return str(DIGITS[word]) if word in DIGITS else "0" if word == "o" else None


def _counted(said: Sequence[Token], at: int) -> Numeral | None:
    """`two thousand and five`, `treinta y cuatro`, `mil doscientos`, `seven`."""
    total, limit, counted, first = 0, _THOUSAND**3, False, at
    end = at
    while (group := _group(said, at)) is not None:
        value, after, hundreds = group
        scale = _SCALES.get(said[after].text, 0) if after < len(said) else 0
        if value and _THOUSAND <= scale < limit:
            total, limit, counted, end = total + value * scale, scale, True, after + 1
            at = _past_and(said, end)
            continue
        if end == first or value:
            total, counted, end = total + value, counted or hundreds, after
        break
    if end == first:
        return None
    form = Form.COUNTED if counted else Form.PAIR if total >= _TEN else Form.DIGIT
    return Numeral(str(total), form, first, end)


def _group(said: Sequence[Token], at: int) -> tuple[int, int, bool] | None:
    """Below a thousand: the number, the token after it, whether a word says hundreds."""
    if at >= len(said):
        return None
    if said[at].text == "mil" or _after_article(said, at, "thousand"):
        return 1, at, False
    if _after_article(said, at, "hundred"):
        return _HUNDRED, at + 1, True
    if at and said[at].text == "ciento" and said[at - 1].text == "por":
        return None
    if hundreds := HUNDREDS.get(said[at].text, 0) * _HUNDRED:
        value, after = hundreds, at + 1
    elif (small := _small(said, at)) is None:
        return None
    elif small[0] and small[1] < len(said) and said[small[1]].text == "hundred":
        value, after = small[0] * _HUNDRED, small[1] + 1
    else:
        return *small, False
    rest = _small(said, _past_and(said, after))
    return (value + rest[0], rest[1], True) if rest and rest[0] else (value, after, True)


def _after_article(said: Sequence[Token], at: int, word: str) -> bool:
    """`a hundred`, `a thousand`."""
    return at > 0 and said[at].text == word and said[at - 1].text == "a"


def _small(said: Sequence[Token], at: int) -> tuple[int, int] | None:
    """Below a hundred, and the token after it."""
    if at >= len(said):
        return None
    word = said[at].text
    if (known := DIGITS.get(word, TEENS.get(word))) is not None:
        return known, at + 1
    if (tens := TENS.get(word, 0) * _TEN) == 0:
        return None
    unit = at + 2 if at + 1 < len(said) and said[at + 1].text in {"-", "y"} else at + 1
    if unit < len(said) and (one := DIGITS.get(said[unit].text, 0)):
        return tens + one, unit + 1
    return tens, at + 1


def _past_and(said: Sequence[Token], at: int) -> int:
    return at + 1 if at < len(said) and said[at].text in _AND else at
