"""Departments: when somebody is there, in the department's own time zone. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from knowledge.words import fold

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY = 24 * 60
AHEAD = 31
"""Days that are searched for the next opening."""

Span = tuple[int, int]
"""Minutes since midnight; an end beyond `WHOLE_DAY` lies in the night after."""
Day = tuple[int, int, int]
"""Year (0: every year), month, day of the month."""


@dataclass(frozen=True, slots=True)
class Department:
    names: Mapping[str, str] = field(default_factory=dict)
    """By language, as it is spoken."""
    hours: Mapping[int, tuple[Span, ...]] | None = None
    """By weekday, Monday 0; None: day and night."""
    zone: str = "UTC"
    """Of the IANA time zone database."""
    holidays: tuple[tuple[Day, Day], ...] = ()
    """First and last day of each; nobody is there then."""

    def named(self, language: str) -> str:
        """ "" where the language has no name for it."""
        return self.names.get(language, "")


ALWAYS = Department()
_PART = re.compile(r"[^\W_]+")


def named_in(text: str, departments: Mapping[str, Department]) -> str:
    """The department that a caller's words name, by its key or by its name in any language; the
    one named last. "" where none is. "My claim" names "claims" too."""
    said = _singular(text)
    found = [
        (place + len(name), department)
        for department, one in departments.items()
        for name in (_singular(department), *map(_singular, one.names.values()))
        if (place := said.rfind(name)) >= 0
    ]
    return max(found, default=(0, ""))[1]


def _singular(text: str) -> str:
    """Its words with a space before and after each, so that a name is found as whole words."""
    return f" {' '.join(word.removesuffix('s') for word in _PART.findall(fold(text)))} "


def is_open(department: Department, when: datetime) -> bool:
    """`when` with its own time zone."""
    local = when.astimezone(ZoneInfo(department.zone))
    today, minute = local.date(), local.hour * 60 + local.minute
    yesterday = today - timedelta(days=1)
    return any(start <= minute < end for start, end in _spans(department, today)) or any(
        minute + WHOLE_DAY < end for _, end in _spans(department, yesterday)
    )


def next_opening(department: Department, when: datetime) -> datetime | None:
    """In the department's own time; None where it is open now, or has no hours in a month."""
    if is_open(department, when):
        return None
    zone = ZoneInfo(department.zone)
    local = when.astimezone(zone)
    for ahead in range(AHEAD):
        day = local.date() + timedelta(days=ahead)
        for start, _ in sorted(_spans(department, day)):
            opens = datetime(day.year, day.month, day.day, start // 60, start % 60, tzinfo=zone)
            if opens > when:
                return opens
    return None


def spoken(opening: datetime, now: datetime, language: str) -> str:
    """The moment as one would say it; "" in a language that this file does not know."""
    words = _WORDS.get(language)
    if words is None:
        return ""
    days = (opening.date() - now.astimezone(opening.tzinfo).date()).days
    if days <= 1:
        day = words.today if days == 0 else words.tomorrow
    elif days < len(DAYS):
        day = words.on.format(words.weekdays[opening.weekday()])
    else:
        day = words.date.format(
            words.weekdays[opening.weekday()], words.months[opening.month - 1], opening.day
        )
    return f"{day} {_clock(opening, language)}"


def _spans(department: Department, day: date) -> tuple[Span, ...]:
    """Of the hours that begin on this day."""
    if any(_within(day, first, last) for first, last in department.holidays):
        return ()
    if department.hours is None:
        return ((0, WHOLE_DAY),)
    return department.hours.get(day.weekday(), ())


def _within(day: date, first: Day, last: Day) -> bool:
    if first[0]:
        return first <= (day.year, day.month, day.day) <= last
    start, end, found = first[1:], last[1:], (day.month, day.day)
    return start <= found <= end if start <= end else found >= start or found <= end


def _clock(moment: datetime, language: str) -> str:
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004
    if language == "es":
        half = "a. m." if half == "AM" else "p. m."
        at = "a la" if moment.hour % 12 == 1 else "a las"
    else:
        at = "at"
    return f"{at} {moment.hour % 12 or 12}:{moment.minute:02} {half}"


@dataclass(frozen=True, slots=True)
class _Words:
    today: str
    tomorrow: str
    on: str
    date: str
    """Weekday, month, day of the month."""
    weekdays: tuple[str, ...]
    months: tuple[str, ...]


_WORDS = {
    "en": _Words(
        "today",
        "tomorrow",
        "on {}",
        "on {0}, {1} {2}",
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        ("January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"),
    ),
    "es": _Words(
        "hoy",
        "mañana",
        "el {}",
        "el {0}, {2} de {1},",
        ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
         "octubre", "noviembre", "diciembre"),
    ),
}  # fmt: skip


# What a file says.


def _days(text: object) -> object:
    """`mon-fri`, `sat`, `mon, wed`."""
    found: list[int] = []
    for part in str(text).lower().split(","):
        first, _, last = (end.strip() for end in part.partition("-"))
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError("expected days such as mon-fri, or sat, sun")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [(start + i) % 7 for i in range((end - start) % 7 + 1)]
    return tuple(found)


def _hours(text: object) -> object:
    """`09:00-12:30, 13:00-17:00`; `22:00-06:00` goes on into the next day; `closed`."""
    wrong = ValueError(
        "expected hours such as 09:00-17:00, or closed; quote 24:00 as '00:00-24:00'"
    )
    if not isinstance(text, str):
        raise wrong
    if text.strip().lower() == "closed":
        return ()
    spans = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d\d?):([0-5]\d)\s*-\s*(\d\d?):([0-5]\d)\s*", part, re.ASCII)
        if match is None:
            raise wrong
        start, end = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
        if start >= WHOLE_DAY or end > WHOLE_DAY or start == end:
            raise wrong
        spans.append((start, end if end > start else end + WHOLE_DAY))
    return tuple(spans)


def _holiday(text: object) -> object:
    """`2026-12-24`, `12-25` of every year, `2026-12-24..2027-01-01`, `12-24..01-01`."""
    wrong = ValueError("expected a day such as 2026-12-25 or 12-25, or two of them with .. between")
    ends = [_day(end.strip()) for end in str(text).split("..")]
    first, last = ends[0], ends[-1]
    if first is None or last is None or len(ends) > 2:  # noqa: PLR2004
        raise wrong
    if bool(first[0]) != bool(last[0]) or (first[0] and last < first):
        raise wrong
    return first, last


def _day(text: str) -> Day | None:
    match = re.fullmatch(r"(?:(\d{4})-)?(\d\d)-(\d\d)", text, re.ASCII)
    if match is None:
        return None
    year, month, day = (int(part or 0) for part in match.groups())
    try:
        date(year or 2024, month, day)  # a leap year, for every 29 February
    except ValueError:
        return None
    return year, month, day


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("expected a time zone such as America/New_York") from error
    return name


def _one_line(value: str) -> str:
    text = " ".join(value.split())
    if not text:
        raise ValueError("expected a text, found nothing")
    return text


Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class DepartmentFile(BaseModel):
    """One department as a file says it; every field may be missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: dict[Language, Annotated[str, AfterValidator(_one_line)]] = {}
    hours: (
        dict[
            Annotated[tuple[int, ...], BeforeValidator(_days)],
            Annotated[tuple[Span, ...], BeforeValidator(_hours)],
        ]
        | None
    ) = None
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    holidays: tuple[Annotated[tuple[Day, Day], BeforeValidator(_holiday)], ...] = ()

    @model_validator(mode="after")
    def _each_day_once(self) -> Self:
        days = list(self._listed())
        if twice := sorted({day for day in days if days.count(day) > 1}):
            raise ValueError(f"hours: {DAYS[twice[0]]} stands there twice")
        return self

    def _listed(self) -> Iterator[int]:
        for days in self.hours or {}:
            yield from days

    def department(self) -> Department:
        hours = None
        if self.hours is not None:
            hours = {day: spans for days, spans in self.hours.items() for day in days}
        return Department(self.name, hours, self.timezone, self.holidays)
