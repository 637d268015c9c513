"""Text as it is written into text as it is said: money, dates, numbers, letters.

An embedded voice reads «AB-1234567» or «1.250,50 €» wrong or not at all. The rules look at the
original text only, in their order; what one has replaced no later one sees.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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


class Spelling:
    """English and Spanish in full; any other language only by its pronunciations."""

    def __init__(self, pronunciations: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`pronunciations`: by language, a word as written and as it is to be read."""
        from processors.voice import english, spanish  # noqa: PLC0415  they need `rule`

        self._rules: dict[str, list[Rule]] = {"en": english.RULES, "es": spanish.RULES}
        for language, words in (pronunciations or {}).items():
            mine = list(_pronunciations(words))
            self._rules[language] = mine + self._rules.get(language, [])

    def spell(self, text: str, language: str) -> str:
        """`language`: two letters."""
        said, last = [], 0
        for piece in pieces(text, self._rules.get(language, ())):
            said += [text[last : piece.start], piece.spoken]
            last = piece.end
        said.append(text[last:])
        return re.sub(r" {2,}", " ", "".join(said)).strip()


def _pronunciations(words: Mapping[str, str]) -> Iterator[Rule]:
    if not words:
        return
    spoken = {written.casefold(): said for written, said in words.items()}
    longest = sorted(words, key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)"

    def say(match: re.Match[str]) -> str | None:
        exact = words.get(match.group())
        if exact is None and match.group().islower() and match.group().upper() in words:
            return None  # «id» is no «ID»
        return exact or spoken[match.group().casefold()]

    yield rule(pattern, say, exact=False)


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
