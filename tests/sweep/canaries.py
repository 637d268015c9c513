"""Personal data as callers tell it, and every spelling in which it could be kept."""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
}
PART = 6
"""Digits in a row that are a hit: fewer may be anything."""
_ASKED = {
    "en": {
        "card": "my card is {}",
        "phone": "my phone number is {}",
        "dni": "my DNI is {}",
        "iban": "my IBAN is {}",
        "email": "my email is {}",
    },
    "es": {
        "card": "mi tarjeta es {}",
        "phone": "mi teléfono es {}",
        "dni": "mi DNI es {}",
        "iban": "mi IBAN es {}",
        "email": "mi correo es {}",
    },
}
_QUESTION = {"en": "what is a deductible", "es": "qué es el deducible"}
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_DIGIT = {word: str(digit) for words in DIGITS.values() for digit, word in enumerate(words)}
_WORD = re.compile(rf"\b(?:{'|'.join(_DIGIT)})\b")
_MADE = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # ids
    r"|\b(?:ca|mz)?[0-9a-f]{18,}\b(?<!\d{18})"  # hashes, CallSids
    r"|\d{4}-\d\d-\d\d[t ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|z)?"
    r"|-\d{8}t\d{9}z\b"  # recordings' names
    r"|datetime\.datetime\([^)]*\)"
    r"|(?<!\d)1[789]\d{11}(?!\d)(?:-\d+)?"  # milliseconds since 1970, entries of a stream
    r"|(?<![\d.])\d{1,10}\.\d+(?:e[+-]?\d+)?(?!\.?\d)"  # seconds, probabilities
)
"""What a machine writes: six digits of it would be somebody's by chance."""


@dataclass(frozen=True, slots=True)
class Canary:
    kind: str
    value: str
    """Digits, or for an e-mail its local part."""

    def parts(self) -> set[str]:
        return _parts(self.value)


@dataclass(frozen=True, slots=True)
class Told:
    """A caller, and all that this caller says."""

    number: str
    language: str
    utterances: tuple[str, ...]
    canaries: tuple[Canary, ...]


def told(seed: int) -> Told:
    chance = random.Random(seed)
    language = "es" if seed % 2 else "en"
    utterances, canaries = [_QUESTION[language]], []
    for kind in chance.sample(sorted(_ASKED[language]), 2):
        canary = _canary(kind, chance)
        canaries.append(canary)
        utterances += list(_telling(canary, language, chance))
    number = f"+346{_random(8, chance)}"
    canaries.append(Canary("caller", number[1:]))
    return Told(number, language, (*utterances, _QUESTION[language]), tuple(canaries))


def _canary(kind: str, chance: random.Random) -> Canary:
    match kind:
        case "card":
            return Canary(kind, _luhn("4" + _random(14, chance)))
        case "phone":
            return Canary(kind, "6" + _random(8, chance))
        case "dni":
            return Canary(kind, _random(8, chance))
        case "iban":
            return Canary(kind, _random(22, chance))
        case _:
            syllables = [chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(5)]
            return Canary(kind, "".join(syllables))


def _random(digits: int, chance: random.Random) -> str:
    return "".join(chance.choice("123456789") for _ in range(digits))


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def _telling(canary: Canary, language: str, chance: random.Random) -> Iterator[str]:
    """In figures, in words, with dashes, or in pieces of four."""
    asked = _ASKED[language][canary.kind]
    if canary.kind == "email":
        at, dot = ("arroba", "punto") if language == "es" else ("at", "dot")
        spoken = f"{canary.value} {at} example {dot} com"
        yield asked.format(chance.choice([spoken, f"{canary.value}@example.com"]))
        return
    last = _LETTERS[int(canary.value) % 23] if canary.kind == "dni" else ""
    before = "ES" if canary.kind == "iban" else ""
    pieces = [canary.value[start : start + 4] for start in range(0, len(canary.value), 4)]
    words = DIGITS[language]
    match chance.randrange(4):
        case 0:
            yield asked.format(before + canary.value + last)
        case 1:
            yield asked.format(f"{before}{'-'.join(pieces)}{last}")
        case 2:
            yield asked.format(", ".join(" ".join(words[int(d)] for d in p) for p in pieces))
        case _:
            first, *others = [" ".join(words[int(d)] for d in piece) for piece in pieces]
            yield asked.format(first)
            yield from others


def found(text: str, canaries: Iterable[Canary]) -> list[tuple[Canary, str]]:
    """Every canary that the text holds, whole or six digits of it, in figures or in words, however
    they are written apart; with what was found."""
    low = _MADE.sub(" ", text.lower())
    joined = _APART.sub("", _WORD.sub(lambda word: _DIGIT[word[0]], low))
    told = {part for run in re.findall(rf"\d{{{PART},}}", joined) for part in _parts(run)}
    return [
        (canary, spelling)
        for canary in canaries
        if (spelling := next(iter(canary.parts() & told), ""))
        or (not canary.value.isdigit() and (spelling := canary.value) in low)
    ]


def whole(text: str, canaries: Iterable[Canary]) -> list[tuple[Canary, str]]:
    """The same in a file whose bytes are no text: six digits of it are there by chance."""
    joined = _APART.sub("", text.lower())
    return [(canary, canary.value) for canary in canaries if canary.value in joined]


_APART = re.compile(r"(?<=\d)[ .,/()\-]{1,3}(?=\d)")


def _parts(digits: str) -> set[str]:
    if not digits.isdigit():
        return set()
    return {digits[start : start + PART] for start in range(len(digits) - PART + 1)}
