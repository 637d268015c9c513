"""What a caller means by "no, seven, not eleven": the part that was wrong, and what it is.

A correction counts only where it leads to exactly one number that can be right.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from knowledge.identification import is_code, spoken_code, spoken_parts
from knowledge.wanted import Wanted
from knowledge.words import fold

_DENIED = re.compile(
    r"^(?:(?:no|nope|nah|sorry|wait|actually|well|but|perdon|perdone|espere|pero|incorrecto"
    r"|almost|casi|wrong|that's wrong|that is wrong|not quite|esta mal)\b[\s,]*)+"
)
_IS = r"(?:it's|it is|its|that's|that is|is|are|was|should be|must be|es|son|era|seria)"
_APART = re.compile(
    r"^(?P<right>.+?)[\s,]+(?:and not|not|instead of|rather than|y no|que no|no|en vez de"
    r"|en lugar de)\s+(?P<wrong>.+)$"
)
_TURNED = re.compile(
    rf"^(?:{_IS}\s+)?(?:not|no)\s+(?:{_IS}\s+)?(?P<wrong>.+?)"
    rf"(?:[\s,]+(?:but|sino|rather)\s+|[\s,]+{_IS}\s+|\s*,\s*)(?P<right>.+)$"
)
_PLACES = {
    **dict.fromkeys(("first", "primer", "primero", "primera", "primeros", "primeras"), 1),
    **dict.fromkeys(("second", "segundo", "segunda"), 2),
    **dict.fromkeys(("third", "tercer", "tercero", "tercera"), 3),
    **dict.fromkeys(("fourth", "cuarto", "cuarta"), 4),
    **dict.fromkeys(("fifth", "quinto", "quinta"), 5),
    **dict.fromkeys(("sixth", "sexto", "sexta"), 6),
    **dict.fromkeys(("seventh", "septimo", "septima"), 7),
    **dict.fromkeys(("eighth", "octavo", "octava"), 8),
    **dict.fromkeys(("last", "ultimo", "ultima", "ultimos", "ultimas"), 0),
}
_COUNT = r"(?:\s+(?:two|three|four|dos|tres|cuatro|[2-4]))?"
_THING = r"(?P<thing>digits?|numbers?|figures?|ones?|letters?|cifras?|digitos?|numeros?|letras?)"
_PLACED = re.compile(
    rf"\b(?:(?:two|three|four|dos|tres|cuatro|[2-4])\s+)?(?P<place>{'|'.join(_PLACES)}){_COUNT}"
    rf"(?:\s+{_THING})?\s+{_IS}\s+(?P<right>.+)$"
)
_ENDS = re.compile(
    r"\b(?:ends?|ending|termina|terminan|acaba|acaban)\s+(?:in|with|on|en|con|por)\s+(?P<right>.+)$"
)
_BEGINS = re.compile(
    r"\b(?:starts?|begins?|empieza|empiezan|comienza)\s+(?:in|with|por|con|en)\s+(?P<right>.+)$"
)
_ARTICLE = re.compile(rf"^(?:the|an|a|el|la|las|los|un|una|{_IS})\s+(?P<next>\S+)")
_YEARS = 100
_FIRST_YEAR = 1800


@dataclass(frozen=True, slots=True)
class _Contrast:
    right: str
    wrong: str = ""


def corrected(value: str, text: str, wanted: Wanted, *, today: date) -> str:
    """The value with the correction in it; "" where there is none, or more than one could be
    meant. `value`: also one that cannot be right itself."""
    said = _plain(text)
    if wanted.pattern is None:
        found = set(_days(value, said, today))
    else:
        found = set(_codes(value, said, wanted))
    found.discard(value)
    return found.pop() if len(found) == 1 else ""


def denies(text: str) -> bool:
    """It begins with a no."""
    return _DENIED.match(_plain(text)) is not None


def _plain(text: str) -> str:
    """Folded; of all signs only the comma is left, for it parts the wrong from the right."""
    folded = fold(text).replace("’", "'")
    return " ".join(re.sub(r"[^\w',]|_", " ", folded).split()).replace(" ,", ",").strip(" ,")


def _contrasts(said: str) -> Iterator[_Contrast]:
    """The readings of one sentence, the first of which counts: what it is, and what it is not."""
    rest = _DENIED.sub("", said)
    for pattern, sentence in ((_TURNED, said), (_APART, rest), (_TURNED, rest)):
        if (match := pattern.match(sentence)) and _some(match["right"]) and _some(match["wrong"]):
            yield _Contrast(match["right"], match["wrong"])
    if rest:
        yield _Contrast(rest)


def _some(text: str) -> bool:
    months, numbers = spoken_parts(text)
    return bool(months or numbers or _code(text))


def _codes(value: str, said: str, wanted: Wanted) -> Iterator[str]:
    if placed := list(_placed(value, said, wanted)):
        yield from placed
        return
    for contrast in _contrasts(said):
        right, wrong = _code(contrast.right), _code(contrast.wrong)
        made = _replaced(value, right, wrong) if wrong else _whole_part(value, right)
        fitting = {one for one in made if wanted.fits(one)}
        if fitting:
            yield from fitting
            return


def _replaced(value: str, right: str, wrong: str) -> list[str]:
    """At each place where the wrong part stands."""
    places = [at for at in range(len(value)) if right and value.startswith(wrong, at)]
    return [value[:at] + right + value[at + len(wrong) :] for at in places]


def _whole_part(value: str, right: str) -> list[str]:
    """All the letters, or all the digits."""
    digits = value.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    letters = value[: len(value) - len(digits)]
    if right.isalpha() and len(right) == len(letters):
        return [right + digits]
    return [letters + right] if letters and right.isdigit() else []


def _placed(value: str, said: str, wanted: Wanted) -> Iterator[str]:
    """`termina en ocho`, `the last digit is 8`, `the third one is a two`."""
    if (match := _ENDS.search(said)) and (right := _code(match["right"])):
        found = value[: -len(right)] + right
    elif (match := _BEGINS.search(said)) and (right := _code(match["right"])):
        found = right + value[len(right) :]
    elif (match := _PLACED.search(said)) and (right := _code(match["right"])):
        found = _at(value, _PLACES[match["place"]], right, match["thing"] or "")
    else:
        return
    if wanted.fits(found):
        yield found


def _at(value: str, place: int, right: str, thing: str) -> str:
    """`place` counts the digits, or the letters where these are meant; 0 is the last."""
    lettered = thing.startswith("let") or right.isalpha()
    row = [at for at, one in enumerate(value) if one.isalpha() == lettered]
    row = row[place - 1 : place - 1 + len(right)] if place else row[-len(right) :]
    if len(row) != len(right):
        return ""
    return value[: row[0]] + right + value[row[-1] + 1 :]


def _code(text: str) -> str:
    """Only where nothing else is said: words that are no code make it none."""
    text = text.replace(",", " ").strip()
    while match := _ARTICLE.match(text):
        if match.group().split()[0] == "a" and not _number(match["next"]):
            break
        text = text[match.start("next") :]
    words = re.findall(r"[a-z']+|\d+", text)
    known = all(is_code(word) or word.isdigit() or word in {"as", "in", "y"} for word in words)
    if not known and len(words) == 1 and words[0].isalpha() and len(words[0]) <= 3:  # noqa: PLR2004
        return str(words[0]).upper()
    return spoken_code(text) if known or _likened(text) else ""


def _likened(text: str) -> bool:
    return re.search(r"\b\w (?:as in|as|like|for|de|como) \w{3,}", text) is not None


def _number(word: str) -> bool:
    return word.isdigit() or (len(word) > 1 and bool(spoken_parts(word)[1]))


def _days(value: str, said: str, today: date) -> Iterator[str]:
    """The date with another day, month or year."""
    day = date.fromisoformat(value)
    for contrast in _contrasts(said):
        months, numbers = spoken_parts(contrast.right)
        old_months, old = spoken_parts(contrast.wrong)
        if len(months) == 1 and not numbers:
            if not old_months or old_months == [day.month]:
                yield from _made(day.year, months[0], day.day, today)
        elif not months and numbers:
            yield from _numbered(day, numbers, old, today, said)
        else:
            continue
        return


def _numbered(
    day: date, numbers: list[int], old: list[int], today: date, said: str
) -> Iterator[str]:
    year = _year(numbers)
    if year >= _FIRST_YEAR:
        yield from _made(year, day.month, day.day, today)
        return
    if len(numbers) != 1 or len(old) > 1:
        return
    number = numbers[0]
    if re.search(r"\b(?:year|ano)\b", said) or old == [day.year % _YEARS]:
        yield from _made(day.year // _YEARS * _YEARS + number, day.month, day.day, today)
    if old in ([], [day.day]):
        yield from _made(day.year, day.month, number, today)
    if old == [day.month]:
        yield from _made(day.year, number, day.day, today)


def _year(numbers: list[int]) -> int:
    """`1981`, `nineteen eighty one`; 0 where it is none."""
    if len(numbers) == 1:
        return numbers[0]
    two = len(numbers) == 2 and numbers[0] in {18, 19, 20}  # noqa: PLR2004
    return numbers[0] * _YEARS + numbers[1] if two else 0


def _made(year: int, month: int, day: int, today: date) -> Iterator[str]:
    try:
        found = date(year, month, day)
    except ValueError:
        return
    if found <= today:
        yield found.isoformat()
