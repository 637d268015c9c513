"""A number as it is read back: in groups, each sign by its name, for voices of any kind."""

from datetime import date

_DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
}
_SPANISH = (
    *("a", "be", "ce", "de", "e", "efe", "ge", "hache", "i", "jota", "ka", "ele", "eme", "ene"),
    *("o", "pe", "cu", "erre", "ese", "te", "u", "uve", "uve doble", "equis", "ye", "zeta"),
)
_LETTERS = {"es": dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _SPANISH, strict=True))}
_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August"),
        *("September", "October", "November", "December"),
    ),
    "es": (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto"),
        *("septiembre", "octubre", "noviembre", "diciembre"),
    ),
}
_GROUP = 3
_LAST = 4
"""Digits of the last group: a lonely one at the end is missed by the ear."""


def spoken(value: str, language: str) -> str:
    """Letters and digits, or a date as `YYYY-MM-DD`; in English where there is no other way."""
    if "-" in value:
        return _date(date.fromisoformat(value), language)
    digits = _DIGITS.get(language, _DIGITS["en"])
    letters = _LETTERS.get(language, {})
    parts: list[str] = []
    run = ""
    for one in value:
        if one.isdigit():
            run += one
            continue
        parts += [*_groups(run, digits), letters.get(one, one)]
        run = ""
    return ", ".join([*parts, *_groups(run, digits)])


def _groups(run: str, names: tuple[str, ...]) -> list[str]:
    """Three and three, and at the end two to four."""
    groups: list[str] = []
    while len(run) > _LAST:
        groups.append(run[:_GROUP])
        run = run[_GROUP:]
    return [" ".join(names[int(one)] for one in group) for group in [*groups, run] if group]


def _date(day: date, language: str) -> str:
    if language == "es":
        return f"{day.day} de {_MONTHS['es'][day.month - 1]} de {day.year}"
    return f"{_MONTHS['en'][day.month - 1]} {day.day}, {day.year}"
