"""How Spanish says what is written in figures and signs."""

import re
from collections.abc import Mapping
from typing import Final

from num2words import num2words

from processors.voice.rules import Rule, ended, grouped, rule

NUMBER: Final = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?"
_MONTHS: Final = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_NAMES: Final = {
    "A": "a", "B": "be", "C": "ce", "D": "de", "E": "e", "F": "efe", "G": "ge", "H": "hache",
    "I": "i", "J": "jota", "K": "ca", "L": "ele", "M": "eme", "N": "ene", "Ñ": "eñe", "O": "o",
    "P": "pe", "Q": "cu", "R": "erre", "S": "ese", "T": "te", "U": "u", "V": "uve",
    "W": "uve doble", "X": "equis", "Y": "i griega", "Z": "zeta",
}  # fmt: skip
_MONEY: Final[Mapping[str, tuple[str, str, str]]] = {
    "€": ("euro", "euros", "céntimo"),
    "EUR": ("euro", "euros", "céntimo"),
    "$": ("dólar", "dólares", "centavo"),
    "USD": ("dólar", "dólares", "centavo"),
    "£": ("libra", "libras", "penique"),
}
_SHORT: Final = {
    "sr": "señor",
    "sra": "señora",
    "sres": "señores",
    "dr": "doctor",
    "dra": "doctora",
    "ud": "usted",
    "uds": "ustedes",
    "vd": "usted",
    "etc": "etcétera",
    "p. ej": "por ejemplo",
    "p.ej": "por ejemplo",
    "aprox": "aproximadamente",
    "tel": "teléfono",
    "tfno": "teléfono",
    "ext": "extensión",
    "av": "avenida",
    "avda": "avenida",
    "núm": "número",
    "pág": "página",
    "min": "minutos",
    "máx": "máximo",
    "mín": "mínimo",
    "ee. uu": "Estados Unidos",
    "ee.uu": "Estados Unidos",
}
_QUARTERS: Final = {15: "cuarto", 30: "media"}
_TITLES: Final = {"señor", "señora", "señores", "doctor", "doctora", "usted", "ustedes"}
_UNITS: Final = {
    "km/h": "kilómetros por hora",
    "km": "kilómetros",
    "kg": "kilos",
    "m²": "metros cuadrados",
    "m2": "metros cuadrados",
    "cm": "centímetros",
    "h": "horas",
    "min": "minutos",
    "GB": "gigas",
}
_FEMININE: Final = re.compile(
    r"\s(?!d[ií]as?\b|problemas?\b|sistemas?\b)(?:\w+(?:a|as|ión|iones|dad|dades))\b", re.IGNORECASE
)
_OFTEN: Final = "mes|año|semana|día|hora|persona|siniestro|visita"


def cardinal(number: int, after: str = "") -> str:
    """`after` is the text behind the number: its noun decides between uno, un and una."""
    words: str = num2words(number, lang="es")
    if not words.endswith("uno") or not re.match(r"\s\w", after):
        return words
    stem = words.removesuffix("uno")
    if _FEMININE.match(after):
        return f"{stem}una"
    return f"{stem}ún" if stem.endswith("veinti") else f"{stem}un"


def number(written: str, after: str = "") -> str:
    """A point before three figures parts thousands, any other sign parts decimals."""
    plain = re.sub(r"\.(?=\d{3}(?!\d))", "", written)
    whole, _, decimals = plain.replace(".", ",").partition(",")
    if not decimals:
        return cardinal(int(whole), after)
    zeros = len(decimals) - len(decimals.lstrip("0"))
    tail = "cero " * zeros + (cardinal(int(decimals)) if decimals.strip("0") else "")
    return f"{cardinal(int(whole))} coma {tail.strip()}"


def digits(figures: str) -> str:
    return " ".join(cardinal(int(figure)) for figure in figures)


def letters(text: str) -> str:
    return " ".join(_NAMES.get(letter, letter) for letter in text.upper())


def identifier(written: str) -> str:
    """A policy number, say: letters and figures one by one, in the groups they come in."""
    said = []
    for run in re.findall(r"[A-ZÑ]+|\d+", written):
        if run.isdigit():
            said += [digits(group) for group in grouped(run)]
        else:
            said.append(letters(run))
    return ", ".join(said)


def _after(match: re.Match[str]) -> str:
    return match.string[match.end() :]


def _groups(figures: str) -> str:
    return ", ".join(digits(group) for group in grouped(figures))


def _phone(match: re.Match[str]) -> str | None:
    groups = re.findall(r"\d+", match.group())
    figures = sum(map(len, groups))
    if not 7 <= figures <= 15 or (len(groups) == 1 and figures < 9):  # noqa: PLR2004
        return None
    parts = groups if len(groups) > 1 else grouped(groups[0])
    return ("más " if match.group().startswith("+") else "") + ", ".join(map(digits, parts))


def _money(sign: str, written: str, large: str | None = None) -> str:
    one, many, hundredth = _MONEY[sign.upper()]
    if large:
        return f"{number(written)} {large} de {many}"
    plain = re.sub(r"\.(?=\d{3}(?!\d))", "", written).replace(".", ",")
    whole, _, cents = plain.partition(",")
    if len(cents) not in {0, 2}:
        return f"{number(written)} {many}"
    said = []
    if int(whole) or not cents:
        name = one if int(whole) == 1 else many
        million = "de " if int(whole) and int(whole) % 1_000_000 == 0 else ""
        said.append(f"{cardinal(int(whole), f' {name}')} {million}{name}")
    if cents and int(cents):
        name = hundredth if int(cents) == 1 else f"{hundredth}s"
        said.append(f"{cardinal(int(cents), f' {name}')} {name}")
    return " con ".join(said) or f"cero {many}"


def _date(day: int, month: int, years: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004
        return None
    full = int(years) + (2000 if len(years) == 2 else 0) if years else 0  # noqa: PLR2004
    return f"{cardinal(day)} de {_MONTHS[month - 1]}" + (f" de {cardinal(full)}" if years else "")


def _slashes(match: re.Match[str]) -> str | None:
    day, month = int(match[1]), int(match[2])
    if month > 12:  # noqa: PLR2004
        day, month = month, day
    return _date(day, month, match[3])


def _time(match: re.Match[str]) -> str | None:
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if hour > 24 or minute > 59 or (half and hour > 12):  # noqa: PLR2004
        return None
    said = "una" if hour == 1 else cardinal(hour, " horas")
    if minute and hour <= 12:  # noqa: PLR2004
        said += f" y {_QUARTERS.get(minute) or cardinal(minute)}"
    elif minute:
        said += f" {cardinal(minute)}"
    if not half and match.group().endswith(("h", "horas")):
        return f"{said} horas"
    if not half:
        return said if minute else f"{said} en punto"
    if half == "a":
        return ended(match, f"{said} de la mañana")
    return ended(match, f"{said} de la {'tarde' if hour == 12 or hour < 9 else 'noche'}")  # noqa: PLR2004


def _ordinal(match: re.Match[str]) -> str | None:
    figure, feminine = int(match[1]), match[2] in {"ª", "a"}
    if not 1 <= figure <= 20:  # noqa: PLR2004
        return None
    words: str = num2words(figure, lang="es", to="ordinal")
    return re.sub("o$", "a", words) if feminine else words


def _address(match: re.Match[str]) -> str:
    said = match.group().removeprefix("https://").removeprefix("http://")
    signs = {"@": " arroba ", ".": " punto ", "/": " barra ", "-": " guion ", "_": " guion bajo "}
    said = "".join(signs.get(sign, sign) for sign in said)
    return re.sub(r"\bwww\b", "uve doble uve doble uve doble", said)


def _abbreviation(match: re.Match[str]) -> str:
    said = _SHORT[match[1].lower()]
    return said if said in _TITLES else ended(match, said)


RULES: Final[list[Rule]] = [
    rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    rule(r"\b(?:https?://)?(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|es|io)\b", _address),
    rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda m: _date(int(m[3]), int(m[2]), m[1])),
    rule(r"\b(\d\d?)[/.-](\d\d?)[/.-](\d{4}|\d\d)\b", _slashes),
    rule(r"\b(\d\d?):([0-5]\d)(?:\s?([ap])\.?\s?m\b\.?|(?: horas|\s?h)\b)?", _time, exact=False),
    rule(r"\b(\d\d?)()\s?([ap])\.?\s?m\b\.?", _time, exact=False),
    rule(rf"([$€£])\s?({NUMBER})(?: (millón|millones))?", lambda m: _money(m[1], m[2], m[3])),
    rule(
        rf"\b({NUMBER})(?: (millón|millones) de)?\s?([$€£]|USD\b|EUR\b)",
        lambda m: _money(m[3], m[1], m[2]),
    ),
    rule(rf"/(?={_OFTEN})", lambda _m: " por "),
    rule(rf"({NUMBER})\s?%", lambda m: f"{number(m[1])} por ciento"),
    rule(r"(?<![\w.,])(?:\+\d|\(\d|\d)[\d ()–-]{5,}\d(?![\w]|[.,]\d)", _phone),
    rule(
        r"\b(?=[A-ZÑ-]*\d)(?=[\d-]*[A-ZÑ])[A-ZÑ\d]+(?:-[A-ZÑ\d]+)*\b",
        lambda m: identifier(m[0]),
    ),
    rule(r"\b(\d+)\.?([ºª°])", _ordinal),
    rule(r"(?<![\d.,])(?:\d{7,}|0\d+)(?![.,]?\d)", lambda m: _groups(m[0])),
    rule(
        r"((?:terminad[ao] en|[Cc]ódigo|[Cc]ódigo postal|PIN|[Ee]xtensión|[Nn]úmero|[Pp]óliza|"
        r"[Rr]eferencia) (?:es )?(?:el )?)(\d{3,})\b(?![.,]\d)",
        lambda m: m[1] + _groups(m[2]),
    ),
    rule(r"\b[Nn]\.?[º°]\.? ?(?=\d)|#(?=\d)", lambda _m: "número "),
    rule(rf"({NUMBER})\s?[-–]\s?({NUMBER})\b", lambda m: f"{number(m[1])} a {number(m[2])}"),
    rule(
        rf"({NUMBER})\s?({'|'.join(_UNITS)})(?!\w)",
        lambda m: f"{number(m[1], f' {_UNITS[m[2]]}')} {_UNITS[m[2]]}",
    ),
    rule(rf"(?<![\w.])(?:{NUMBER})(?![\w])", lambda m: number(m[0], _after(m))),
    rule(
        rf"(?<!\w)({'|'.join(map(re.escape, sorted(_SHORT, key=len, reverse=True)))})\.(?!\w)",
        _abbreviation,
        exact=False,
    ),
    rule(r"\b[B-DF-HJ-NP-TV-Z]{2,5}\b", lambda m: letters(m[0])),
    rule(r"\s?&\s?", lambda _m: " y "),
    rule(r"(?<=\w)/(?=\w)", lambda _m: " "),
]
