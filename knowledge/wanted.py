"""What a number to be collected looks like, and how it is read from what was said or typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from string import ascii_uppercase, digits

from knowledge.identification import is_code, spoken_code, spoken_date, spoken_parts
from knowledge.privacy.kept import patterns
from knowledge.privacy.kinds import listed
from knowledge.words import fold

PHONE, BIRTH, DATE = "phone", "birth", "date"
_PHONE = r"\d{7,15}"
"""E.164 has no longer one; no shorter one is called from elsewhere."""
_DATED = len("DDMMYYYY")
MOST_KEYS = 20
_FEWEST_LETTERS = 2
_LONE = frozenset("aeioy")
"""Letters that are words of their own."""
_STRANGE = 2
"""Words that have nothing to do with a number, in a turn that is still taken for one."""
_SURPLUS = 4
"""Digits behind a whole number that are something else, such as a date, and no slip."""
_AROUND = listed("""
    my the a an is it it's its that's that this number policy claim phone telephone mobile cell
    birth birthday born date of was on in for i'm i have you can and then so well um uh er hm okay
    ok sure yes yeah please dash hyphen minus space slash dot point letter letters digit digits
    capital upper case as like sorry no not wait actually again here
    mi el la los las un una es son numero poliza siniestro telefono movil fecha nacimiento naci
    de del en por si claro vale bueno pues eh guion menos espacio barra punto letra letras cifra
    cifras digito digitos mayuscula como perdon perdone espere otra vez aqui tiene y se su le
    """)
_SAID_AROUND = re.compile(
    r"\b(?:I(?:['’]m| am| have| think| said| mean| got)|(?:it|that)['’]s)\b", re.IGNORECASE
)
"""Its single letters are none of a code."""
_SLOT = re.compile(r"(\\d|\[[^\]]+\]|[A-Za-z0-9])(?:\{(\d+)(?:,(\d+))?\}|(\?))?")


@dataclass(frozen=True, slots=True)
class _Shape:
    """Of a pattern that has letters first and digits behind them."""

    letters: int
    implied: str
    """Letters that stand in the pattern itself: nobody has to say them."""
    fewest: int
    """Digits."""
    most: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """One kind of number."""

    kind: str
    """As `agent.yaml` names its pattern, or one of phone, birth and date."""
    pattern: re.Pattern[str] | None
    """Letters and digits alone; None for a date."""
    shape: _Shape | None

    @classmethod
    def of(cls, kind: str, numbers: Mapping[str, str]) -> "Wanted | None":
        """`numbers` of `agent.yaml`; None for a kind that nobody describes."""
        if kind in numbers:
            bare = patterns({kind: numbers[kind]})[0].bare
            return cls(kind, bare, _shape(bare.pattern))
        if kind == PHONE:
            return cls(kind, re.compile(_PHONE), _shape(_PHONE))
        return cls(kind, None, None) if kind in {BIRTH, DATE} else None

    @property
    def most(self) -> int:
        """Keys after which nothing more is waited for."""
        if self.pattern is None:
            return _DATED
        return self.shape.most if self.shape else MOST_KEYS

    @property
    def longest(self) -> int:
        """Letters and digits."""
        return self.most + (self.shape.letters if self.shape else 0)

    def fits(self, value: str) -> bool:
        return self.pattern is not None and self.pattern.fullmatch(value) is not None

    def near(self, value: str) -> bool:
        """It may be such a number, with a slip in it."""
        if self.shape is None or not value:
            return False
        letters = len(value) - len(value.lstrip(ascii_uppercase))
        count = len(value) - letters
        if not value[letters:].isdigit() or letters != self.shape.letters:
            return False
        return self.shape.fewest < count < self.shape.most + _SURPLUS

    def said(self, text: str, language: str, today: date) -> str:
        """The whole value in what was said; "" where it is none."""
        if self.pattern is None:
            day = spoken_date(text, language, today=today)
            return day.isoformat() if day else ""
        code = self.code(text)
        if self.fits(code):
            return code
        for start in range(1, len(code)):  # `I`, `a` and `y` are words as well as letters
            tail, before = code[start:], code[:start]
            if before.isalpha() and self.fits(tail):
                return tail
        return ""

    def code(self, text: str) -> str:
        """Letters and digits that may be a part of it."""
        code = spoken_code(_SAID_AROUND.sub(" ", text))
        if self.shape is not None and self.shape.letters == 0:
            return "".join(one for one in code if one in digits)
        if self.shape is not None and self.shape.implied and code[:1].isdigit():
            return self.shape.implied + code
        return code

    def letters(self, text: str) -> str:
        """The letters alone, where that is all that is missing and as many as are wanted."""
        count = self.shape.letters if self.shape else 0
        code = spoken_code(_SAID_AROUND.sub(" ", text))
        if count and code.isalpha() and len(code) >= count:
            return code[-count:]
        words = [word for word in re.findall(r"[a-z]+", fold(text)) if word not in _AROUND]
        whole = not code and len(words) == 1 and len(words[0]) == count
        return words[0].upper() if whole else ""

    def typed(self, keys: str, letters: str, language: str, today: date) -> str:
        """The whole value of these keys; "" where it is none."""
        if self.pattern is None:
            day = spoken_date(keys, language, today=today) if len(keys) == _DATED else None
            return day.isoformat() if day else ""
        implied = self.shape.implied if self.shape else ""
        tries = (keys, implied + keys, letters + keys)
        return next((value for value in tries if self.fits(value)), "")

    def lacks_letters(self, keys: str) -> bool:
        """The digits are whole, and there are letters that no key stands for."""
        shape = self.shape
        if shape is None or not shape.letters or shape.implied:
            return False
        return keys.isdigit() and shape.fewest <= len(keys) <= shape.most

    def about(self, text: str) -> bool:
        """The text is about a number of this kind, whole or in part, and about little else."""
        months, numbers = spoken_parts(text)
        words = re.findall(r"[a-z']+|\d+", fold(text))
        strange = [word for word in words if word not in _AROUND and not is_code(word)]
        if self.pattern is None:
            strange = [word for word in strange if not spoken_parts(word)[0]]
            if any(len(word) == 1 and word.isalpha() and word not in _LONE for word in words):
                return False  # letters are spelled: a code
            return bool(months or numbers) and len(strange) <= _STRANGE
        if months:
            return False
        strange = [word for word in strange if not word.isdigit() and not _joined(word, text)]
        code = self.code(text)
        count = sum(one.isdigit() for one in code)
        some = count > 0 or len(code) >= _FEWEST_LETTERS
        return some and 2 * len(strange) <= min(count, 2 * _STRANGE) and not self._more(code)

    def more(self, text: str) -> bool:
        """The whole number and something else behind it, such as a date."""
        if self.pattern is None:
            return False
        return bool(spoken_parts(text)[0]) or self._more(self.code(text))

    def _more(self, code: str) -> bool:
        return any(
            self.fits(code[start:end])
            for start in range(len(code))
            for end in range(start + 1, len(code) - _SURPLUS + 1)
        ) and not self.fits(code)


def place_of(kind: str) -> str:
    """What stands for the value where it must not be seen, without its brackets."""
    return {BIRTH: "date of birth", DATE: "date"}.get(kind, f"{kind} number")


def _joined(word: str, text: str) -> bool:
    """`AB`: letters of a code that are written as one word."""
    return len(word) <= _FEWEST_LETTERS + 1 and word.upper() in text


def _shape(pattern: str) -> _Shape | None:
    """None of a pattern that is more than letters with digits behind them."""
    letters = fewest = most = at = 0
    implied = ""
    while match := _SLOT.match(pattern, at):
        atom, low, high, optional = match.groups()
        at = match.end()
        least = 0 if optional else int(low or 1)
        top = int(high or low or 1)
        figure = any(re.fullmatch(atom, one) for one in digits)
        letter = any(re.fullmatch(atom, one, re.IGNORECASE) for one in ascii_uppercase)
        if figure and not letter:
            fewest, most = fewest + least, most + top
        elif letter and not figure and least == top and not most:
            letters += least
            implied += atom.upper() * least if atom.isalpha() else ""
        else:
            return None
    if at < len(pattern) or not most:
        return None
    return _Shape(letters, implied if len(implied) == letters else "", fewest, most)
