"""What of a caller's words is personal, and the only place that masks it.

Masking is pessimistic: four digits in a row are masked unless they are known to be harmless, also
where they come in several utterances. What was masked is shown nowhere again; its value is handed
to whoever called, to be used within the call.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice, takewhile
from typing import NamedTuple

from knowledge.privacy import around, births, harmless, kept, places
from knowledge.privacy.harmless import Span
from knowledge.privacy.kinds import BEHIND_IT, CUES, DIGITS, Kind, card, kind, luhn
from knowledge.privacy.numerals import Numeral, Token, numerals, numeric, tokens
from knowledge.privacy.runs import Run, joins, letters_before, runs

__all__ = ["Kind", "Masked", "Redacted", "Redactor", "luhn"]

FEWEST = 4
"""Digits in a row that are masked unless they are harmless."""
_FEWEST_CODE = 3
"""Of a card's security code."""
_LONGEST_CODE = 64
"""Letters and digits of a number that utterance after utterance goes on with."""
_PATIENCE = 3
"""Utterances without a number after which a number that was begun is over."""
_CHATTER = 7
"""Words of such an utterance."""
_CARD = 13
"""Digits of the shortest card number."""
_MOST_SAID, _MOST_NUMBERS = 1500, 200
"""Tokens of an utterance, and numbers among them: nobody says more, and so what comes behind is
masked whole, for whoever sends it must not take the event loop's time."""
_CODE_TO_COME = 4
"""Utterances after a card number in which its security code may be told."""
_ALONE = 100
"""Tokens behind a card number among which its code may be told, and nothing else."""
_DATED = 7
"""Digits of a day, a month and a whole year."""


@dataclass(frozen=True, slots=True)
class Masked:
    kind: Kind
    value: str = field(repr=False)
    """Digits and letters of a number; other data as it was said."""


@dataclass(frozen=True, slots=True)
class Redacted:
    text: str
    masked: tuple[Masked, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(sorted({one.kind.name.lower() for one in self.masked}))


@dataclass(frozen=True, slots=True)
class _Open:
    """A number that the caller may not have finished."""

    code: str = ""
    """Digits so far, with the letters before them."""
    utterances: int = 0


@dataclass(slots=True)
class _Mask:
    span: Span
    kind: Kind
    value: str
    instead: str | None = None


class _Case(NamedTuple):
    """A number to be judged, and all that is known around it."""

    text: str
    said: Sequence[Token]
    run: Run
    begun: str
    """What the last utterance left open, where this one goes on with it."""
    given: bool
    """The caller has told a whole card number."""
    behind: int
    """The token behind that number, where it stands in this utterance."""
    taken: Set[int]
    """Tokens that are judged already."""
    words: Set[str]
    """All that is said."""
    talked: int
    """See `around.talk`."""
    corrected: bool
    """A date of birth is put right, and nothing else is said."""


class Redactor:
    """Reads one caller's utterances, one after the other."""

    def __init__(self, numbers: Mapping[str, str], *, today: date) -> None:
        """`numbers`: regular expressions of those that may be kept, by name."""
        self._kept = kept.patterns(numbers)
        self._today = today
        self._open = _Open()
        self._card_given = 0
        """Utterances left for a card's security code."""
        self._birth_given = 0
        """Utterances left in which a date of birth may be put right."""
        self._year_to_come = False
        """A birth was spoken of, or a day without its year: the next utterance may tell it."""

    def glance(self, text: str) -> Redacted:
        """Of an utterance that is not final: nothing is remembered of it."""
        return self._read(text)[0]

    def read(self, text: str) -> Redacted:
        """Of a final utterance, which the next one may go on with."""
        redacted, self._open, given, self._year_to_come = self._read(text)
        self._card_given = _CODE_TO_COME if given else max(0, self._card_given - 1)
        birth = any(one.kind is Kind.BIRTH for one in redacted.masked)
        self._birth_given = births.CORRECTED if birth else max(0, self._birth_given - 1)
        return redacted

    def _read(self, text: str) -> tuple[Redacted, _Open, bool, bool]:
        said = tokens(text, _MOST_SAID + 1)
        if (end := _flood(said)) is None:
            return self._told(text, said)
        cut = said[end].start
        redacted, _, given, to_come = self._told(text[:cut], said[:end])
        masked = (*redacted.masked, Masked(Kind.NUMBER, text[cut:]))
        return Redacted(f"{redacted.text}[{Kind.NUMBER}]", masked), _Open(), given, to_come

    def _told(self, text: str, said: Sequence[Token]) -> tuple[Redacted, _Open, bool, bool]:
        found = numerals(said)
        corrected = self._birth_given > 0 and births.corrected(
            said, found, at_once=self._birth_given == births.CORRECTED
        )
        masks, taken = self._apart(text, said, found, corrected=corrected)
        left = [one for one in found if taken.isdisjoint(range(one.first, one.after))]
        row = runs(said, left)
        words, talked = {token.text for token in said}, around.talk(said)
        given, behind = self._card_given > 0, 0
        open_ = self._still_open(said, [run for run in row if not around.passing(said, run)])
        for run in row:
            begun = self._open.code if self._goes_on(said, run, talked) else ""
            case = _Case(text, said, run, begun, given, behind, taken, words, talked, corrected)
            if self._nothing(case):
                continue
            mask, code = self._judge(case)
            if mask is not None:
                masks.append(mask)
                taken.update(range(mask.span.first, mask.span.after))
                if mask.kind is Kind.CARD and len(mask.value) >= _CARD:
                    given, behind = True, mask.span.after
            if code and around.ends(said, run.after):
                open_ = _Open(code[-_LONGEST_CODE:])
        told = any(
            mask.kind is Kind.BIRTH and births.years(mask.value, self._today) for mask in masks
        )
        spoken_of = any(
            token.text in births.WORDS or token.text in harmless.MONTHS for token in said
        )
        waiting = self._year_to_come and not row and len(said) <= _CHATTER
        to_come = waiting or (spoken_of and not told)
        return _replaced(text, said, masks), open_, behind > 0, to_come

    def _apart(
        self, text: str, said: Sequence[Token], found: Sequence[Numeral], *, corrected: bool
    ) -> tuple[list[_Mask], set[int]]:
        """What is told by its form: kept numbers, addresses, dates, times; and their tokens.
        `corrected`: any date is one of birth."""
        taken: set[int] = set()

        def take(span: Span) -> bool:
            own = set(range(span.first, span.after))
            if fresh := not own & taken:
                taken.update(own)
            return fresh

        for match in kept.written(self._kept, text):
            take(harmless.spanned(said, match))
        masks: list[_Mask] = []
        emails = [span for span in places.emails(text, said) if take(span)]
        streets = [span for span in places.addresses(said, found) if take(span)]
        days = [span for span in harmless.dates(text, said, found) if take(span)]
        dated = {at for span in days for at in range(span.first, span.after)}
        births_ = [
            span for span in days if corrected or births.told(text, said, span, dated, self._today)
        ]
        for what, spans in (
            (Kind.EMAIL, emails),
            (Kind.ADDRESS, streets),
            (Kind.BIRTH, births_),
        ):
            masks += [_Mask(span, what, births.written(text, said, span)) for span in spans]
        for span in harmless.clocks(text, said):
            take(span)
        return masks, taken

    def _nothing(self, case: _Case) -> bool:
        """Too short to be masked, and no next utterance goes on with it."""
        digits = len(case.run.digits)
        dated = self._year_to_come or case.corrected
        if case.begun or digits >= FEWEST or (dated and births.year(case.run)):
            return False
        if digits >= _FEWEST_CODE and self._code_expected(case):
            return False
        return not around.ends(case.said, case.run.after)

    def _judge(self, case: _Case) -> tuple[_Mask | None, str]:
        """The mask, and the code that the next utterance may go on with."""
        said, run = case.said, case.run
        letters = _free(letters_before(said, run.first), case.taken)
        told = "".join(one for one, _ in letters) + run.digits
        code = case.begun + told
        first = letters[0][1] if letters else run.first
        digits = "".join(one for one in case.begun if one.isdigit()) + run.digits
        if card(digits):
            return self._mask(said, run, Kind.CARD, code), ""
        foreigner = around.foreigner(said, run, letters)
        spelled = kept.spelled(self._kept, said, run, [one for one, _ in letters])
        if (
            case.begun
            and not spelled
            and not foreigner
            and (own := self._kept_of(case, first, told))
        ):
            span = Span(first, run.after)
            return _Mask(span, Kind.NUMBER, own, instead=own), ""
        cue = Kind.DNI if foreigner else around.cue(said, run)
        if spelled and not foreigner:
            return None, ""
        birth = around.announced(said, run.first, run.after, births.WORDS, case.taken)
        to_come = self._year_to_come and around.goes_on(said, run, run.first, case.talked)
        if births.year(run) and (to_come or case.corrected):
            span = Span(run.first, run.after)
            return _Mask(span, Kind.BIRTH, births.written(case.text, said, span)), ""
        stays = 0 if foreigner else self._harmless(case, cue, birth)
        if stays:
            run = Run(run.numerals[: len(run.numerals) - stays])
            if not run.numerals:
                return None, code if harmless.clock_said(said, case.run) else ""
            digits = run.digits
        expected = self._code_expected(case)
        if len(digits) < (_FEWEST_CODE if expected else FEWEST):
            return None, "" if stays else code
        bare = not case.begun and len(run.digits) >= _DATED
        if birth or (bare and births.alone(case.text, said, run, self._today)):
            span = Span(run.first, run.after)
            return _Mask(span, Kind.BIRTH, births.written(case.text, said, span)), ""
        short = expected and len(run.digits) in {3, 4}
        what = Kind.CVV if short else _kind(said, run, digits, letters, cue)
        return self._mask(said, run, what, code), "" if stays else code

    def _harmless(self, case: _Case, cue: Kind | None, birth: bool) -> int:
        """How many of the run's last numbers are an amount, a time or a year."""
        said, run = case.said, case.run
        bare = cue is None and not case.begun and not around.letter_after(said, run.after)[0]
        if stay := harmless.amount(case.text, said, run, bare=bare):
            return stay
        if case.begun or birth:
            return 0
        dated = run.first > 0 and said[run.first - 1].text in harmless.BEFORE_YEAR
        if harmless.lone_year(run) and (dated or cue is None):
            return len(run.numerals)
        return len(run.numerals) if harmless.clock_said(said, run) else 0

    def _kept_of(self, case: _Case, first: int, told: str) -> str:
        """The kept number that this utterance ends with `told`, from `first` on; "" for none."""
        if kept.lettered(case.said, case.run) or kept.within(case.said, first):
            return ""
        codes = (case.begun[start:] + told for start in range(len(case.begun)))
        return next((one for one in codes if kept.whole(self._kept, one)), "")

    def _code_expected(self, case: _Case) -> bool:
        """Three digits may be a card's security code: they are announced as one, follow a card at
        once, or are all that is said after one."""
        said, run = case.said, case.run
        words = case.words
        if words & CUES[Kind.CVV] - CUES[Kind.SSN] and not words & CUES[Kind.SSN]:
            return True
        if len(words & BEHIND_IT) > 1 or (words & BEHIND_IT and words & DIGITS):
            return True
        if (case.given or words & CUES[Kind.CARD]) and words & (BEHIND_IT | DIGITS):
            return True
        if case.given and len(run.digits) == _FEWEST_CODE:
            return True
        if case.behind and len(run.digits) in {3, 4}:
            return True
        if not case.given or len(said) - case.behind > _ALONE:
            return False
        beside = (
            said[at]
            for at in range(case.behind, len(said))
            if at not in case.taken and not run.first <= at < run.after
        )
        return all(token.text in around.BARE or joins(token) or token.masked for token in beside)

    def _mask(self, said: Sequence[Token], run: Run, what: Kind, code: str) -> _Mask:
        first, after = run.first, run.after
        letters = letters_before(said, first)
        if what is Kind.IBAN and letters:
            first = letters[max(0, len(letters) - 2)][1]
        if what is Kind.DNI:
            if len(run.digits) == len("1234567") and letters and letters[-1][0] in "XYZ":
                first = letters[-1][1]
            spelled, end = around.letter_after(said, after, named=True)
            if spelled:
                after, code = end, code + spelled
        while first > 0 and said[first - 1].text in {"+", "("}:
            first -= 1
        return _Mask(Span(first, after), what, code)

    def _goes_on(self, said: Sequence[Token], run: Run, talked: int) -> bool:
        """The utterance begins with this run, so that it may go on with the last one's number."""
        if not self._open.code:
            return False
        letters = letters_before(said, run.first)
        return around.goes_on(said, run, letters[0][1] if letters else run.first, talked)

    def _still_open(self, said: Sequence[Token], row: Sequence[Run]) -> _Open:
        """Without a number in it: letters begin one, a word or two between its parts end none."""
        if row:
            return _Open()
        letters = letters_before(said, len(said))
        if letters and all(around.spelled(said[at]) for _, at in letters):
            return _Open("".join(one for one, _ in letters))
        words = sum(token.text.isalpha() for token in said)
        if self._open.code and words <= _CHATTER and self._open.utterances < _PATIENCE:
            return replace(self._open, utterances=self._open.utterances + 1)
        return _Open()


def _flood(said: Sequence[Token]) -> int | None:
    """The first token of what is more than anybody says."""
    if len(said) <= _MOST_NUMBERS:
        return None
    numbers = (at for at, token in enumerate(said) if numeric(token))
    first = next(islice(numbers, _MOST_NUMBERS, None), len(said))
    end = min(first, _MOST_SAID - 1 if len(said) > _MOST_SAID else len(said))
    return end if end < len(said) else None


def _kind(
    said: Sequence[Token],
    run: Run,
    digits: str,
    letters: Sequence[tuple[str, int]],
    cue: Kind | None,
) -> Kind:
    if run.first > 0 and said[run.first - 1].text == "+":
        return Kind.PHONE
    before = "".join(one for one, _ in letters)
    return kind(digits, before, around.letter_after(said, run.after)[0], cue)


def _free(letters: Sequence[tuple[str, int]], taken: Set[int]) -> list[tuple[str, int]]:
    """Those behind the last one that belongs to something else."""
    return list(takewhile(lambda one: one[1] not in taken, reversed(letters)))[::-1]


def _replaced(text: str, said: Sequence[Token], masks: Iterable[_Mask]) -> Redacted:
    ordered = sorted(masks, key=lambda mask: mask.span.first)
    parts, last = [], 0
    for mask in ordered:
        parts += [text[last : said[mask.span.first].start], mask.instead or f"[{mask.kind}]"]
        last = max(last, said[mask.span.after - 1].end)
    parts.append(text[last:])
    masked = tuple(Masked(mask.kind, mask.value) for mask in ordered if mask.instead is None)
    return Redacted("".join(parts), masked)
