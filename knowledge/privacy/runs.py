"""Runs: numbers that follow one another with nothing between them but what joins digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from knowledge.privacy.kinds import listed
from knowledge.privacy.numerals import Form, Numeral, Token, letter

MOST_BETWEEN = 4
"""Tokens between two numbers of one run."""
_MARKS = frozenset("-–—−.,/()+:;'’*#…·_")
HESITATIONS = listed("uh uhm um er erm eh em ah este pues mm hmm so okay ok vale")
_SAID = listed("""
    dash hyphen minus guion espacio space slash barra dot point punto comma coma then luego
    despues next followed by seguido siguiente again finally lastly ultimo finalmente
    """)
_WEAK = listed("and y to too for")
"""Words that join digits only where single digits stand on both sides."""
JOINING = _MARKS | HESITATIONS | _SAID
MOST_LETTERS = 4
_CODE = frozenset("0123456789-")


@dataclass(frozen=True)
class Run:
    numerals: tuple[Numeral, ...]

    @cached_property
    def digits(self) -> str:
        return "".join(numeral.digits for numeral in self.numerals)

    @property
    def first(self) -> int:
        return self.numerals[0].first

    @property
    def after(self) -> int:
        return self.numerals[-1].after


def runs(said: Sequence[Token], found: Sequence[Numeral]) -> list[Run]:
    """Every number is in exactly one run."""
    grouped: list[list[Numeral]] = []
    for numeral in found:
        if grouped and _joined(said, grouped[-1][-1], numeral):
            grouped[-1].append(numeral)
        else:
            grouped.append([numeral])
    return [Run(tuple(group)) for group in grouped]


def joins(token: Token) -> bool:
    return token.text in JOINING or token.text in _WEAK


def _joined(said: Sequence[Token], left: Numeral, right: Numeral) -> bool:
    between = [token.text for token in said[left.after : right.first]]
    if len(between) > MOST_BETWEEN:
        return False
    weak = sum(word in _WEAK for word in between)
    if weak + sum(word in JOINING for word in between) != len(between):
        return False
    return not weak or weak < len(between) or (_single(left) and _single(right))


def _single(numeral: Numeral) -> bool:
    return numeral.form is Form.DIGIT or len(numeral.digits) == 1


_LIKENING = listed("in de como like for")
"""`B as in Berlin`, `ene de Navarra`: what stands before is the letter."""


def letters_before(said: Sequence[Token], at: int) -> list[tuple[str, int]]:
    """Letters spelled right before a token, from left to right: one, or a group written together,
    and its token."""
    found: list[tuple[str, int]] = []
    at -= 1
    while at >= 0 and len(found) < MOST_LETTERS:
        token = said[at]
        if _together(said, at):
            found.append((token.text.upper(), at))
        elif spelled := letter(token, named=True):
            found.append((spelled, at))
        elif (by := _likened(said, at)) is not None:
            found.append((letter(said[by], named=True), by))
            at = by
        elif token.text not in _MARKS and token.text not in _SAID:
            break
        at -= 1
    return found[::-1]


def _likened(said: Sequence[Token], at: int) -> int | None:
    """The letter that a word like this one begins with was named before it."""
    by = at - 2 if at > 1 and said[at - 1].text in _LIKENING else -1
    if by > 0 and said[at - 1].text == "in" and said[by].text == "as":
        by -= 1
    return by if by >= 0 and letter(said[by], named=True) else None


def _together(said: Sequence[Token], at: int) -> bool:
    """Two or three letters of a code written as one word: `AB 12`, `ab-12`."""
    token = said[at]
    if not 1 < len(token.text) <= MOST_LETTERS - 1 or not token.text.isascii():
        return False
    following = said[at + 1] if at + 1 < len(said) else None
    touching = following is not None and following.start == token.end
    return token.shouted or (touching and following is not None and following.text[0] in _CODE)
