"""Numbers that say nothing of a person: dates, times, amounts, years."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.numbers import counted
from knowledge.privacy.kinds import listed
from knowledge.privacy.numerals import Form, Numeral, Token, touched
from knowledge.privacy.runs import HESITATIONS, Run

EARLIEST, LATEST = 1880, 2099
_DAYS, _MONTHS, _HOURS, _MINUTES = 31, 12, 24, 59
_HUNDREDS = 3
_HALF_AND_HALF = "5050"
_LONGEST_AMOUNT = 7
"""Digits of an amount that is spoken one by one."""

MONTHS = listed("""
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec enero febrero marzo abril mayo junio
    julio agosto septiembre setiembre octubre noviembre diciembre ene abr ago dic
    """)
_ORDINALS = {
    **counted("first second third fourth fifth sixth seventh eighth ninth tenth eleventh", 1),
    **counted("twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth", 12),
    **{"nineteenth": 19, "twentieth": 20, "thirtieth": 30, "primero": 1, "primer": 1},
}
_ENDINGS = frozenset({"st", "nd", "rd", "th", "o", "º", "ª"})
_OF = frozenset({"of", "the", "de", "del", ",", ".", "in", "-", "/", "ano", "year"}) | HESITATIONS
OF_A_DATE = MONTHS | _ORDINALS.keys() | _ENDINGS | _OF
"""What stands in a date besides its numbers."""
_MOST_BETWEEN = 4
_NUMERIC = re.compile(
    r"(?<![\d/.\-])(?:(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})|(\d{4})-(\d{1,2})-(\d{1,2}))"
    r"(?![\d/\-]|\.\d)"
)
_MONTH_AND_YEAR = re.compile(r"(?<![\d/])(?:0?[1-9]|1[0-2])/(?:\d{2}|(?:19|20)\d{2})(?![\d/])")
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?![\d:])")
_MONEY = listed("""
    dollar dollars buck bucks cent cents euro euros pound pounds peso pesos dolar dolares
    centimo centimos centavo centavos libra libras usd eur gbp mxn quid
    """)
_UNITS = _MONEY | listed("""
    % percent mile miles kilometer kilometers kilometre kilometres km kms meter meters metre
    metres foot feet ft inch inches yard yards acre acres square pound kilo kilos kg gram
    grams liter liters litre litres gallon gallons year years month months week weeks day
    days hour hours hrs minute minutes mins second seconds people person persons employees
    cars vehicles houses times thousand million millions billion hundred m2 kilometro
    kilometros metro metros milla millas ano anos mes meses semana semanas dia dias hora
    horas minuto minutos segundo segundos personas empleados coches carros vehiculos veces
    grados degrees litros galones hectareas mil millones millon cc hp cv watts
    """)
BEFORE_YEAR = listed("""
    in since year of from until till during en desde ano del de hasta durante model modelo
    """)
_SIGNS = frozenset("$€£¥")
_AMOUNT = re.compile(
    r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d{1,7}[.,]\d{1,2}"
)
_SPACED = re.compile(r"\d{1,3}(?:[\s  ]\d{3})+(?:[.,]\d{1,2})?")
_HALVES = listed("am pm oclock a p")
_AT = listed("at around by until till before after from since about las la")


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens from `first`, up to but without `after`."""

    first: int
    after: int


def dates(text: str, said: Sequence[Token], found: Sequence[Numeral]) -> list[Span]:
    """With a day or a year each, in figures, by the name of a month, or both."""
    by_first = {numeral.first: numeral for numeral in found}
    spans = [spanned(said, match) for match in _NUMERIC.finditer(text) if _is_date(match)]
    spans += [spanned(said, match) for match in _MONTH_AND_YEAR.finditer(text)]
    for day, month, year in zip(found, found[1:], found[2:], strict=False):
        if _in_words(said, day, month) and _in_words(said, month, year):
            after = _year_from(said, year.first, by_first)
            if after and day.value <= _DAYS and 0 < month.value <= _MONTHS:
                spans.append(Span(day.first, after))
    figures = {at for span in spans for at in range(span.first, span.after)}
    left = [numeral for numeral in found if figures.isdisjoint(range(numeral.first, numeral.after))]
    by_first = {numeral.first: numeral for numeral in left}
    by_after = {numeral.after: numeral for numeral in left}
    free = 0
    for at, token in enumerate(said):
        if token.text in MONTHS and (span := _around(said, at, by_first, by_after, free)):
            spans.append(span)
            free = span.after
    return spans


def clocks(text: str, said: Sequence[Token]) -> list[Span]:
    return [spanned(said, match) for match in _CLOCK.finditer(text)]


def spanned(said: Sequence[Token], match: re.Match[str]) -> Span:
    return Span(*touched(said, match))


def _in_words(said: Sequence[Token], one: Numeral, other: Numeral) -> bool:
    """`cinco del doce`: a day and a month that is a number too."""
    between = [token.text for token in said[one.after : other.first]]
    return [word for word in between if word != ","] in (["de"], ["del"], ["of"], ["of", "the"])


def _is_date(match: re.Match[str]) -> bool:
    one, _, other, _, year, month, day = match.groups()
    if year:
        return EARLIEST <= int(year) <= LATEST and int(month) <= _MONTHS and int(day) <= _DAYS
    few, many = sorted((int(one), int(other)))
    return 0 < few <= _MONTHS and many <= _DAYS


def _around(
    said: Sequence[Token],
    month: int,
    by_first: dict[int, Numeral],
    by_after: dict[int, Numeral],
    free: int,
) -> Span | None:
    """`the 3rd of March 2024`, `marzo del dos mil veinticuatro`, `March third`. `free`: the token
    after the last date, whose year is not this one's."""
    first, after = month, month + 1
    before = _back(said, month)
    if (day := _day_ending(said, before, by_after)) is not None:
        first = day
    at = _skip(said, after)
    if first == month and (ends := _day_from(said, at, by_first)) is not None:
        after = ends
        at = _skip(said, after)
    if (ends := _year_from(said, at, by_first)) is not None:
        after = ends
    year = by_after.get(_back_comma(said, first))
    if year and year.first >= free and is_year(year.digits):
        first = year.first
    return Span(first, after) if (first, after) != (month, month + 1) else None


def _back_comma(said: Sequence[Token], at: int) -> int:
    """`1966, December the 12th`, `1966, el doce de diciembre`."""
    while at > 0 and said[at - 1].text in {",", "el", "the"}:
        at -= 1
    return at


def _back(said: Sequence[Token], at: int) -> int:
    """The token after the last one that may be a day's."""
    while at > 0 and said[at - 1].text in {"of", "de", "-", "/", "."}:
        at -= 1
    return at


def _skip(said: Sequence[Token], at: int) -> int:
    end = min(len(said), at + _MOST_BETWEEN)
    while at < end and said[at].text in _OF:
        at += 1
    return at


def _day_ending(said: Sequence[Token], after: int, by_after: dict[int, Numeral]) -> int | None:
    at = after - 1
    if at < 0:
        return None
    if said[at].text in _ENDINGS and (numeral := by_after.get(at)):
        return numeral.first if numeral.value <= _DAYS else None
    if said[at].text in _ORDINALS:
        tens = by_after.get(at if said[at - 1].text != "-" else at - 1)
        return tens.first if tens and tens.digits in {"20", "30"} else at
    numeral = by_after.get(after)
    return numeral.first if numeral and 0 < numeral.value <= _DAYS else None


def _day_from(said: Sequence[Token], at: int, by_first: dict[int, Numeral]) -> int | None:
    if at >= len(said):
        return None
    numeral = by_first.get(at)
    if numeral and 0 < numeral.value <= _DAYS and len(numeral.digits) <= len("31"):
        after = numeral.after
        if numeral.digits in {"20", "30"}:
            ordinal = after + 1 if after < len(said) and said[after].text == "-" else after
            if ordinal < len(said) and said[ordinal].text in _ORDINALS:
                return ordinal + 1
        return after + 1 if after < len(said) and said[after].text in _ENDINGS else after
    return at + 1 if said[at].text in _ORDINALS else None


def _year_from(said: Sequence[Token], at: int, by_first: dict[int, Numeral]) -> int | None:
    numeral = by_first.get(at)
    if numeral is None:
        return None
    behind = said[at - 1].text
    shortened = behind in {"del", "'", "’"} or (behind in {",", "de"} and numeral.value > _DAYS)
    if shortened and len(numeral.digits) == len("54"):
        return numeral.after
    if is_year(numeral.digits):
        return numeral.after
    if numeral.form is Form.PAIR and numeral.digits in {"18", "19", "20"}:
        rest = by_first.get(numeral.after)
        if rest and rest.form is Form.PAIR:
            return rest.after
        if rest and rest.digits == "0" and (last := by_first.get(rest.after)):
            return last.after if len(last.digits) == 1 else None
    return None


def is_year(digits: str) -> bool:
    return len(digits) == len("2024") and EARLIEST <= int(digits) <= LATEST


def lone_year(run: Run) -> bool:
    """`2019`, `dos mil veinte`, `nineteen ninety eight` and nothing more."""
    digits = run.digits
    forms = [numeral.form for numeral in run.numerals]
    whole = len(forms) == 1 or (
        forms[0] is Form.PAIR and digits[:2] in {"18", "19", "20"} and forms[1:] == [Form.PAIR]
    )
    return whole and is_year(digits)


def clock_said(said: Sequence[Token], run: Run) -> bool:
    """`at ten thirty`, `nine fifteen a.m.`, `las diez treinta`."""
    digits = [numeral.digits for numeral in run.numerals]
    if len(digits) not in {1, 2} or len(run.digits) > len("1030"):
        return False
    hour, minute = (digits[0], digits[1]) if len(digits) > 1 else (run.digits[:-2], run.digits[-2:])
    if not hour or int(hour) > _HOURS or int(minute) > _MINUTES:
        return False
    before = said[run.first - 1].text if run.first else ""
    later = said[run.after].text if run.after < len(said) else ""
    exact = len(digits) > 1 or run.numerals[0].form is not Form.FIGURES
    return later in _HALVES or (exact and before in _AT)


def amount(text: str, said: Sequence[Token], run: Run, *, bare: bool) -> int:
    """How many of the run's last numbers are one amount; 0: none. `bare`: one with a word for
    thousands, or with its thousands set apart, is an amount without a unit too."""
    before = said[run.first - 1].text if run.first else ""
    after = run.after
    if after < len(said) and said[after].text in {"por", "per"}:
        after += 1
    later = said[after].text if after < len(said) else ""
    united = later in _UNITS or later in _SIGNS or later == "ciento"
    money = later in _MONEY or later in _SIGNS or before in _SIGNS
    whole = text[said[run.first].start : said[run.after - 1].end]
    grouped = _AMOUNT.fullmatch(whole)
    if (bare and grouped) or ((united or money) and (grouped or _SPACED.fullmatch(whole))):
        return len(run.numerals)
    if run.digits == _HALF_AND_HALF:
        return len(run.numerals)
    one = run.numerals[0]
    if bare and len(run.numerals) == 1 and one.form is Form.COUNTED and len(one.digits) > _HUNDREDS:
        return 1
    if before in _SIGNS and len(run.numerals[0].digits) <= _LONGEST_AMOUNT:
        return len(run.numerals)
    if not united and not money:
        return 0
    forms = {numeral.form for numeral in run.numerals}
    together = forms == {Form.DIGIT} or (len(run.numerals) == len("ab") and forms == {Form.PAIR})
    if len(run.digits) <= _LONGEST_AMOUNT and ((money and together) or len(run.numerals) == 1):
        return len(run.numerals)
    last = run.numerals[-1]
    return 1 if len(last.digits) <= _LONGEST_AMOUNT else 0
