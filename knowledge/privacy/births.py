"""Dates of birth: announced, told alone, or put right after they were told."""

from collections.abc import Sequence, Set
from datetime import date

from knowledge.identification import spoken_date
from knowledge.privacy import around, harmless
from knowledge.privacy.harmless import Span
from knowledge.privacy.kinds import listed
from knowledge.privacy.numerals import Numeral, Token
from knowledge.privacy.runs import Run, joins

WORDS = listed("""
    born birth birthday birthdate dob nacimiento nacido nacida naci nacio cumpleanos cumple
    """)
CORRECTED = 3
"""Utterances after a date of birth in which the caller may put it right."""
_ADULT, _LONG_AGO = 14, 21
"""Years: whoever calls was born longer ago, so a date before that and nothing else may be a birth;
of a whole date from longer ago than the other nothing else is likely."""
_RIGHTING = listed("""
    no nope not sorry wait actually rather wrong mistake correction correct mean meant said say
    perdon perdona perdone espera digo dije decir queria quise sino mal error corrijo correccion
    """)
"""What somebody says who puts something right."""
_BESIDE = listed("i you year month in was be to should he she they ano mes en era fue he se lo que")
"""What else may stand there."""
_LONGEST = 24
"""Tokens of a correction."""


def told(text: str, said: Sequence[Token], span: Span, dated: Set[int], today: date) -> bool:
    """Whether the date there is one: announced in its own part of the sentence, with no other day
    between; long ago; or told alone. `dated`: the tokens of all dates."""
    if around.announced(said, span.first, span.after, WORDS, dated):
        return True
    if any(token.text == "soy" for token in said[max(0, span.first - 2) : span.first]):
        return True
    past = years(written(text, said, span), today)
    return past >= _LONG_AGO or (past >= _ADULT and around.alone(said, span.first, span.after))


def alone(text: str, said: Sequence[Token], run: Run, today: date) -> bool:
    """A day long ago and nothing else: most likely the answer to when somebody was born."""
    if not around.alone(said, run.first, run.after):
        return False
    return years(written(text, said, run), today) >= _ADULT


def years(day: str, today: date) -> int:
    """Since then; 0 where it is no whole date."""
    days = (spoken_date(day, language, today=today) for language in ("en", "es"))
    return max((today.year - one.year for one in days if one), default=0)


def year(run: Run) -> bool:
    """`1958`, `nineteen fifty eight`, `fifty-eight`."""
    return harmless.lone_year(run) or len(run.digits) == len("58")


def corrected(said: Sequence[Token], found: Sequence[Numeral], *, at_once: bool) -> bool:
    """Whether nothing is said but parts of a date and what puts them right: `no, 1980`, `eighty,
    not eighty one`. `at_once`: a date of birth was the last that was said."""
    if len(said) > _LONGEST:
        return False
    numbers = {at for one in found for at in range(one.first, one.after)}
    others = [token for at, token in enumerate(said) if at not in numbers]
    plain = _RIGHTING | _BESIDE | WORDS | around.BARE | harmless.OF_A_DATE
    if not all(token.text in plain or joins(token) for token in others):
        return False
    return at_once or any(token.text in _RIGHTING for token in others)


def written(text: str, said: Sequence[Token], span: Span | Run) -> str:
    return text[said[span.first].start : said[span.after - 1].end]
