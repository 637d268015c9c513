"""How a rule says that something is read otherwise than it is written."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: re.Pattern[str]
    spoken: Callable[[re.Match[str]], str | None]
    """None: it only looked like one, the text stays for the rules after this one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """`spoken` stands for `text[start:end]`."""

    start: int
    end: int
    spoken: str


def rule(
    pattern: str, spoken: Callable[[re.Match[str]], str | None], *, exact: bool = True
) -> Rule:
    """`exact`: case counts."""
    return Rule(re.compile(pattern, 0 if exact else re.IGNORECASE), spoken)


def pieces(text: str, rules: Sequence[Rule]) -> list[Piece]:
    """What is to be said otherwise than it is written, in the order of the text."""
    found: list[Piece] = []
    for each in rules:
        for match in each.pattern.finditer(text):
            start, end = match.span()
            if start == end or any(start < piece.end and piece.start < end for piece in found):
                continue
            spoken = each.spoken(match)
            if spoken is not None:
                found.append(Piece(start, end, spoken))
    return sorted(found, key=lambda piece: piece.start)


_LAST = 4
"""Figures at most in a group."""


def grouped(digits: str) -> list[str]:
    """Digits as people read them out: by threes, up to four in the last group."""
    groups = []
    while len(digits) > _LAST:
        groups.append(digits[:3])
        digits = digits[3:]
    return [*groups, digits] if digits else groups


def ended(match: re.Match[str], spoken: str) -> str:
    """Gives the sentence its full stop back, where an abbreviation took it along."""
    rest = match.string[match.end() :]
    if match.group().endswith(".") and (not rest or re.match(r"\s+[A-ZÁÉÍÓÚÑ¿¡]", rest)):
        return spoken + "."
    return spoken
