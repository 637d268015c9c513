"""How English says what is written in figures and signs."""

import re
from collections.abc import Mapping
from typing import Final

from num2words import num2words

from processors.voice.rules import Rule, ended, grouped, rule

NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH: Final = rf"({'|'.join(_MONTHS)}|{'|'.join(month[:3] for month in _MONTHS)}|Sept)\.?"
_MONEY: Final[Mapping[str, tuple[str, str, str]]] = {
    "$": ("dollar", "dollars", "cent"),
    "USD": ("dollar", "dollars", "cent"),
    "€": ("euro", "euros", "cent"),
    "EUR": ("euro", "euros", "cent"),
    "£": ("pound", "pounds", "penny"),
    "GBP": ("pound", "pounds", "penny"),
}
_LARGE: Final = {"k": "thousand", "m": "million", "b": "billion"}
_SHORT: Final = {
    "dr": "Doctor",
    "mr": "Mister",
    "mrs": "Missus",
    "ms": "Miz",
    "etc": "et cetera",
    "vs": "versus",
    "approx": "approximately",
    "e.g": "for example",
    "i.e": "that is",
    "ext": "extension",
    "dept": "department",
    "inc": "Incorporated",
    "ltd": "Limited",
    "hrs": "hours",
    "hr": "hour",
    "min": "minutes",
}
_TITLES: Final = {"Doctor", "Mister", "Missus", "Miz"}
_UNITS: Final = {
    "km": "kilometers",
    "km/h": "kilometers per hour",
    "mph": "miles per hour",
    "mi": "miles",
    "kg": "kilograms",
    "lb": "pounds",
    "lbs": "pounds",
    "ft": "feet",
    "sq ft": "square feet",
    "GB": "gigabytes",
}
_OFTEN: Final = "month|year|week|day|hour|person|mile|claim|visit"


def cardinal(number: int) -> str:
    words: str = num2words(number, lang="en")
    return words.replace(",", "").replace(" and ", " ")


def ordinal(number: int) -> str:
    words: str = num2words(number, lang="en", to="ordinal")
    return words.replace(",", "").replace(" and ", " ")


def year(number: int) -> str:
    if 2000 <= number <= 2009:  # noqa: PLR2004
        return cardinal(number)
    words: str = num2words(number, lang="en", to="year")
    return words


def number(written: str) -> str:
    whole, _, decimals = written.replace(",", "").partition(".")
    return cardinal(int(whole)) + (f" point {digits(decimals)}" if decimals else "")


def digits(figures: str) -> str:
    return " ".join(cardinal(int(figure)) for figure in figures)


def letters(text: str) -> str:
    """One by one; the comma keeps a lonely A from being read as the article."""
    return " ".join("A," if letter == "A" else letter for letter in text)


def identifier(written: str) -> str:
    """A policy number, say: letters and figures one by one, in the groups they come in."""
    said = []
    for run in re.findall(r"[A-Z]+|\d+", written):
        if run.isdigit():
            said += [digits(group) for group in grouped(run)]
        elif len(run) > 3 and re.search("[AEIOU]", run):  # noqa: PLR2004
            said.append(run.capitalize())
        else:
            said.append(letters(run))
    return ", ".join(said).replace(",,", ",")


def _digits(match: re.Match[str]) -> str:
    return ", ".join(digits(group) for group in grouped(match.group()))


def _named(match: re.Match[str]) -> str:
    return match.group(1) + ", ".join(digits(group) for group in grouped(match.group(2)))


def _phone(match: re.Match[str]) -> str | None:
    groups = re.findall(r"\d+", match.group())
    figures = sum(map(len, groups))
    if not 7 <= figures <= 15 or (len(groups) == 1 and figures < 10):  # noqa: PLR2004
        return None
    parts = groups if len(groups) > 1 else grouped(groups[0])
    said = ["eight hundred" if part == "800" else digits(part) for part in parts]
    return ("plus " if match.group().startswith("+") else "") + ", ".join(said)


def _money(sign: str, written: str, large: str | None) -> str:
    one, many, hundredth = _MONEY[sign.upper()]
    if large:
        return f"{number(written)} {_LARGE.get(large.lower(), large.lower())} {many}"
    whole, _, cents = written.replace(",", "").partition(".")
    if len(cents) not in {0, 2}:
        return f"{number(written)} {many}"
    said = []
    if int(whole) or not cents:
        said.append(f"{cardinal(int(whole))} {one if int(whole) == 1 else many}")
    if cents and int(cents):
        plural = {"cent": "cents", "penny": "pence"}[hundredth]
        said.append(f"{cardinal(int(cents))} {hundredth if int(cents) == 1 else plural}")
    return " and ".join(said) or f"zero {many}"


def _date(month: int, day: int, years: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004
        return None
    full = int(years) + (2000 if len(years) == 2 else 0) if years else 0  # noqa: PLR2004
    return f"{_MONTHS[month - 1]} {ordinal(day)}" + (f", {year(full)}" if years else "")


def _slashes(match: re.Match[str]) -> str | None:
    first, second = int(match[1]), int(match[2])
    month, day = (first, second) if first <= 12 else (second, first)  # noqa: PLR2004
    return _date(month, day, match[3])


def _month(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _time(match: re.Match[str]) -> str | None:
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if hour > 24 or minute > 59 or (half and hour > 12):  # noqa: PLR2004
        return None
    if hour > 12:  # noqa: PLR2004
        hour, half = hour - 12, "a" if hour == 24 else "p"  # noqa: PLR2004
    said = cardinal(hour or 12)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"  # noqa: PLR2004
    elif not half:
        said += " o'clock"
    return ended(match, f"{said} {half.upper()} M") if half else said


def _address(match: re.Match[str]) -> str:
    said = match.group().removeprefix("https://").removeprefix("http://")
    signs = {"@": " at ", ".": " dot ", "/": " slash ", "-": " dash ", "_": " underscore "}
    said = "".join(signs.get(sign, sign) for sign in said)
    return re.sub(r"\bwww\b", "W W W", said)


def _abbreviation(match: re.Match[str]) -> str:
    said = _SHORT[match[1].lower()]
    return said if said in _TITLES else ended(match, said)


RULES: Final[list[Rule]] = [
    rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    rule(r"\b(?:https?://)?(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|gov|io)\b", _address),
    rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda m: _date(int(m[2]), int(m[3]), m[1])),
    rule(r"\b(\d\d?)/(\d\d?)/(\d{4}|\d\d)\b", _slashes),
    rule(
        rf"\b{_MONTH} (\d\d?)(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?(?![:,\d])",
        lambda m: _date(_month(m[1]), int(m[2]), m[3]),
    ),
    rule(
        rf"\b(?:the )?(\d\d?)(?:st|nd|rd|th)?(?: of)? {_MONTH}(?= \d{{4}}|\W|$)",
        lambda m: f"the {ordinal(int(m[1]))} of {_MONTHS[_month(m[2]) - 1]}",
    ),
    rule(r"\b(\d\d?):([0-5]\d)\b(?:\s?([AaPp])\.?[Mm]\b\.?)?", _time),
    rule(r"\b(\d\d?)()\s?([AaPp])\.?[Mm]\b\.?", _time),
    rule(
        rf"([$€£])\s?({NUMBER})(?:\s?(thousand|million|billion|[kKmMbB]\b))?",
        lambda m: _money(m[1], m[2], m[3]),
    ),
    rule(
        rf"\b({NUMBER})\s?(?:(thousand|million|billion) )?(€|£|USD\b|EUR\b|GBP\b)",
        lambda m: _money(m[3], m[1], m[2]),
    ),
    rule(rf"/(?={_OFTEN})", lambda _m: " per "),
    rule(rf"({NUMBER})\s?%", lambda m: f"{number(m[1])} percent"),
    rule(
        r"\b([12]\d{3})\s?[-–]\s?([12]\d{3})\b(?!-)",
        lambda m: f"{year(int(m[1]))} to {year(int(m[2]))}",
    ),
    rule(r"(?<![\w.,])(?:\+\d|\(\d|\d)[\d ().–-]{5,}\d(?!\w|[.,]\d)", _phone),
    rule(r"\b(?=[A-Z-]*\d)(?=[\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+)*\b", lambda m: identifier(m[0])),
    rule(r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1]))),
    rule(r"(?<![\d.,])(?:\d{7,}|0\d+)(?![.,]?\d)", _digits),
    rule(
        r"((?:ending in|[Cc]ode|PIN|ZIP|[Ee]xtension|[Nn]umber|[Pp]olicy|[Cc]laim|"
        r"Reference|reference) (?:is )?)(\d{3,})\b(?![.,]\d)",
        _named,
    ),
    rule(r"\bNo\. ?(?=\d)|#(?=\d)", lambda _m: "number "),
    rule(r"(?<![\d.,$])\b(?:19|20)\d\d\b(?![.,]\d|%)", lambda m: year(int(m[0]))),
    rule(rf"({NUMBER})\s?[-–]\s?({NUMBER})\b", lambda m: f"{number(m[1])} to {number(m[2])}"),
    rule(
        rf"({NUMBER})\s?({'|'.join(sorted(_UNITS, key=len, reverse=True))})\b",
        lambda m: f"{number(m[1])} {_UNITS[m[2]]}",
    ),
    rule(rf"(?<![\w.])(?:{NUMBER})(?![\w])", lambda m: number(m[0])),
    rule(rf"\b({'|'.join(map(re.escape, _SHORT))})\.(?!\w)", _abbreviation, exact=False),
    rule(r"\b[B-DF-HJ-NP-TV-Z]{2,5}\b", lambda m: letters(m[0])),
    rule(r"\s?&\s?", lambda _m: " and "),
    rule(r"(?<=\w)/(?=\w)", lambda _m: " "),
]
