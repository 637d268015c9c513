"""What stands around a number: whether it is all that is said, and what announces it."""

from collections.abc import Collection, Sequence
from itertools import takewhile

from knowledge.privacy.kinds import CUED, CUES, Kind, listed
from knowledge.privacy.numerals import Token, letter
from knowledge.privacy.runs import Run, joins

_CUE_REACH = 12
"""Tokens within which a word announces a number."""
_CUE_CLOSE = 4
"""The same behind it."""
_ANNOUNCED, _CUE_BEHIND = 20, 7
"""Tokens within which a birth is announced, before and behind."""
BARE = listed("""
    it's its it is the my on yes yeah sure okay ok of that's thats s es el la si claro vale
    fue un una day dia del de mi por
    """) | {",", ".", "!", "?", "¿", "¡", "'", "’", "-", "/"}
_FEW = 6
"""Words beside the rest of a number."""
_REACH = 100
"""Tokens on either side that are looked at: an utterance with more is not a number alone."""
_LETTER_WORDS = frozenset({"letter", "letra"})


def begins(said: Sequence[Token], first: int) -> bool:
    return first <= _REACH and all(joins(token) or token.text in BARE for token in said[:first])


def alone(said: Sequence[Token], first: int, after: int) -> bool:
    return begins(said, first) and ends(said, after)


def talk(said: Sequence[Token]) -> int:
    """Words, without those that come with any number."""
    return sum(token.text.isalpha() and token.text not in BARE for token in said)


def goes_on(said: Sequence[Token], run: Run, first: int, talked: int) -> bool:
    """Whether a number may be the rest of one that the last utterance began: it comes first, or
    with few words (`and the rest is`, `lo que falta es`). `first`: with the letters before it.
    `talked`: see `talk`, of all that is said."""
    after = run.after
    if len(run.digits) == 1 and not alone(said, first, after):
        return False
    if begins(said, first):
        return True
    return talked - talk(said[first:after]) <= _FEW


def ends(said: Sequence[Token], after: int) -> bool:
    rest = said[after : after + _REACH]
    bare = all(joins(token) or token.text in BARE for token in rest)
    return bare and after + len(rest) == len(said)


def passing(said: Sequence[Token], run: Run) -> bool:
    """`one second`, `un momento`: no part of a number that is being told."""
    return len(run.digits) == 1 and not alone(said, run.first, run.after)


def spelled(token: Token) -> bool:
    return len(token.text) == 1 or token.shouted


def letter_after(said: Sequence[Token], at: int, *, named: bool = False) -> tuple[str, int]:
    """A single letter right behind a number, such as a DNI's, and the token after it. `named`: its
    name is one too; else only after the word "letter"."""
    while at < len(said) and (joins(said[at]) or said[at].text in _LETTER_WORDS):
        named = named or said[at].text in _LETTER_WORDS
        at += 1
    if at >= len(said) or not (one := letter(said[at], named=named)):
        return "", at
    return one, at + 1


def foreigner(said: Sequence[Token], run: Run, letters: Sequence[tuple[str, int]]) -> bool:
    """X, Y or Z, seven digits and a letter, of which it is said that this is a NIE."""
    if len(run.digits) != len("1234567"):
        return False
    before = "".join(one for one, _ in letters)
    told = before[-4:-1] == "NIE" or cue(said, run) is Kind.DNI
    return (
        before[-1:] in {"X", "Y", "Z"}
        and told
        and bool(letter_after(said, run.after, named=True)[0])
    )


def cue(said: Sequence[Token], run: Run) -> Kind | None:
    around = said[max(0, run.first - _CUE_REACH) : run.after + _CUE_CLOSE]
    if CUED.isdisjoint([token.text for token in around]):
        return None
    words = {token.text for token in near(said, run.first)}
    behind = takewhile(lambda token: not token.masked, said[run.after : run.after + _CUE_CLOSE])
    words |= {token.text for token in behind}
    return next((what for what, known in CUES.items() if words & known), None)


def near(said: Sequence[Token], first: int) -> list[Token]:
    """The tokens before, back to something that is masked already."""
    near: list[Token] = []
    for token in reversed(said[max(0, first - _CUE_REACH) : first]):
        if token.masked:
            break
        near.append(token)
    return near


def announced(
    said: Sequence[Token],
    first: int,
    after: int,
    words: frozenset[str],
    others: Collection[int] = (),
) -> bool:
    """Before, or behind within a few words; `others`: tokens that end the search."""
    around = said[max(0, first - _ANNOUNCED) : after + _CUE_BEHIND]
    if words.isdisjoint([token.text for token in around]):
        return False
    back = range(first - 1, max(-1, first - 1 - _ANNOUNCED), -1)
    before = (said[at] for at in takewhile(lambda at: at not in others, back))
    near = (
        *takewhile(_same_clause, before),
        *takewhile(_same_clause, said[after : after + _CUE_BEHIND]),
    )
    return any(token.text in words for token in near)


def _same_clause(token: Token) -> bool:
    return token.text not in {"and", "y", ";"} and not token.masked
