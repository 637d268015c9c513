"""What of a caller's words is personal, and the only place that masks it.

Masking is pessimistic: four digits in a row are masked unless they are known to be harmless, also
where they come in several utterances. What was masked is shown nowhere again; its value is handed
to whoever called, to be used within the call.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from knowledge.identification import spoken_date
from knowledge.privacy import harmless, kept, places
from knowledge.privacy.harmless import Span
from knowledge.privacy.kinds import CUES, Kind, card, kind, listed, luhn
from knowledge.privacy.numerals import Numeral, Token, letter, numerals, tokens
from knowledge.privacy.runs import Run, joins, letters_before, runs

__all__ = ["Kind", "Masked", "Redacted", "Redactor", "luhn"]

FEWEST = 4
"""Digits in a row that are masked unless they are harmless."""
_FEWEST_CODE = 3
"""Of a card's security code."""
_CUE_REACH = 8
"""Tokens within which a word announces a number."""
_PATIENCE = 3
"""Utterances without a number after which a number that was begun is over."""
_CHATTER = 4
"""Words of such an utterance."""
_ADULT = 14
"""Years: whoever calls was born longer ago, so a bare date before that may be a birth."""
_DATED = 7
"""Digits of a day, a month and a whole year."""
_BIRTH = listed("""
    born birth birthday birthdate dob nacimiento nacido nacida naci nacio cumpleanos cumple
    """)
_BARE = listed("""
    it's its it is the my on yes yeah sure okay ok of that's thats s es el la si claro vale
    fue un una day dia del de mi
    """) | {",", ".", "!", "?", "'", "’", "-", "/"}
_LETTER_WORDS = frozenset({"letter", "letra"})


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

    @property
    def digits(self) -> str:
        return "".join(one for one in self.code if one.isdigit())


@dataclass(slots=True)
class _Mask:
    span: Span
    kind: Kind
    value: str
    instead: str | None = None


class Redactor:
    """Reads one caller's utterances, one after the other."""

    def __init__(self, numbers: Mapping[str, str], *, today: date) -> None:
        """`numbers`: regular expressions of those that may be kept, by name."""
        self._kept = kept.patterns(numbers)
        self._today = today
        self._open = _Open()
        self._card_given = False

    def glance(self, text: str) -> Redacted:
        """Of an utterance that is not final: nothing is remembered of it."""
        return self._read(text)[0]

    def read(self, text: str) -> Redacted:
        """Of a final utterance, which the next one may go on with."""
        redacted, self._open, given = self._read(text)
        self._card_given = self._card_given or given
        return redacted

    def _read(self, text: str) -> tuple[Redacted, _Open, bool]:
        said = tokens(text)
        found = numerals(said)
        masks, taken = self._apart(text, said, found)
        left = [one for one in found if taken.isdisjoint(range(one.first, one.after))]
        row = runs(said, left)
        given = self._card_given
        open_ = self._still_open(said, found)
        for run in row:
            begun = self._open if self._goes_on(said, run) else _Open()
            mask, code = self._judge(text, said, run, begun.code)
            if mask is not None:
                masks.append(mask)
                given = given or mask.kind is Kind.CARD
            if code and _ends(said, run.after):
                open_ = _Open(code)
        return _replaced(text, said, masks), open_, given

    def _apart(
        self, text: str, said: Sequence[Token], found: Sequence[Numeral]
    ) -> tuple[list[_Mask], set[int]]:
        """What is told by its form: kept numbers, addresses, dates, times; and their tokens."""
        taken: set[int] = set()

        def take(span: Span) -> bool:
            own = set(range(span.first, span.after))
            if fresh := not own & taken:
                taken.update(own)
            return fresh

        for match in kept.written(self._kept, text):
            inside = [
                at
                for at, token in enumerate(said)
                if token.start < match.end() and token.end > match.start()
            ]
            take(Span(inside[0], inside[-1] + 1))
        masks: list[_Mask] = []
        emails = [span for span in places.emails(text, said) if take(span)]
        streets = [span for span in places.addresses(said, found) if take(span)]
        days = [span for span in harmless.dates(text, said, found) if take(span)]
        told = len(days) + sum(token.masked for token in said)
        births = [span for span in days if self._is_birth(text, said, span, told)]
        for what, spans in (
            (Kind.EMAIL, emails),
            (Kind.ADDRESS, streets),
            (Kind.BIRTH, births),
        ):
            masks += [_Mask(span, what, _text(text, said, span)) for span in spans]
        for span in harmless.clocks(text, said):
            take(span)
        return masks, taken

    def _judge(
        self, text: str, said: Sequence[Token], run: Run, begun: str
    ) -> tuple[_Mask | None, str]:
        """The mask, and the code that the next utterance may go on with."""
        letters = letters_before(said, run.first)
        code = begun + "".join(one for one, _ in letters) + run.digits
        digits = "".join(one for one in begun if one.isdigit()) + run.digits
        if card(digits):
            return self._mask(said, run, Kind.CARD, code), ""
        if begun and (own := self._kept_of(code)):
            return _Mask(Span(run.first, run.after), Kind.NUMBER, own, instead=own), ""
        if kept.spelled(self._kept, said, run) is not None:
            return None, ""
        cue = _cue(said, run)
        birth = _announced(said, run.first, run.after, _BIRTH)
        stays = 0 if birth else self._harmless(text, said, run, cue, begun)
        if stays:
            run = Run(run.numerals[: len(run.numerals) - stays])
            if not run.numerals:
                return None, ""
            digits = run.digits
        fewest = _FEWEST_CODE if self._code_expected(said, run, cue) else FEWEST
        if len(digits) < fewest:
            return None, "" if stays else code
        if birth or (not begun and len(run.digits) >= _DATED and self._bare_birth(text, said, run)):
            span = Span(run.first, run.after)
            return _Mask(span, Kind.BIRTH, _text(text, said, span)), ""
        what = self._kind(said, run, digits, letters, cue)
        return self._mask(said, run, what, code), "" if stays else code

    def _harmless(
        self, text: str, said: Sequence[Token], run: Run, cue: Kind | None, begun: str
    ) -> int:
        """How many of the run's last numbers are an amount, a time or a year."""
        stay = harmless.amount(text, said, run, counted=cue is None and not begun)
        if stay:
            return stay
        if begun:
            return 0
        dated = run.first > 0 and said[run.first - 1].text in harmless.BEFORE_YEAR
        if harmless.lone_year(run) and (dated or cue is None):
            return len(run.numerals)
        return len(run.numerals) if harmless.clock_said(said, run) else 0

    def _kept_of(self, code: str) -> str:
        """The kept number that ends the code; "" for none."""
        letters = sum(not one.isdigit() for one in code)
        codes = (code[start:] for start in range(letters + 1))
        return next((one for one in codes if kept.whole(self._kept, one)), "")

    def _code_expected(self, said: Sequence[Token], run: Run, cue: Kind | None) -> bool:
        alone = all(
            token.text in _BARE or joins(token)
            for token in (*said[: run.first], *said[run.after :])
        )
        return cue is Kind.CVV or (self._card_given and alone)

    def _kind(
        self,
        said: Sequence[Token],
        run: Run,
        digits: str,
        letters: Sequence[tuple[str, int]],
        cue: Kind | None,
    ) -> Kind:
        before = "".join(one for one, _ in letters)
        if cue is None and self._card_given and len(run.digits) in {3, 4}:
            return Kind.CVV
        if run.first > 0 and said[run.first - 1].text == "+":
            return Kind.PHONE
        return kind(digits, before, _letter_after(said, run.after)[0], cue)

    def _mask(self, said: Sequence[Token], run: Run, what: Kind, code: str) -> _Mask:
        first, after = run.first, run.after
        letters = letters_before(said, first)
        if what is Kind.IBAN and letters:
            first = letters[max(0, len(letters) - 2)][1]
        if what is Kind.DNI:
            if len(run.digits) == len("1234567") and letters and letters[-1][0] in "XYZ":
                first = letters[-1][1]
            spelled, end = _letter_after(said, after)
            if spelled:
                after, code = end, code + spelled
        while first > 0 and said[first - 1].text in {"+", "("}:
            first -= 1
        return _Mask(Span(first, after), what, code)

    def _is_birth(self, text: str, said: Sequence[Token], span: Span, dates: int) -> bool:
        if dates == 1 and any(token.text in _BIRTH for token in said):
            return True
        if _announced(said, span.first, span.after, _BIRTH):
            return True
        return self._bare_birth(text, said, span)

    def _bare_birth(self, text: str, said: Sequence[Token], span: Span | Run) -> bool:
        """A day long ago and nothing else: most likely the answer to when somebody was born."""
        beside = (*said[: span.first], *said[span.after :])
        if not all(token.text in _BARE for token in beside):
            return False
        whole = _text(text, said, span)
        days = (spoken_date(whole, language, today=self._today) for language in ("en", "es"))
        return any(day and day.year <= self._today.year - _ADULT for day in days)

    def _goes_on(self, said: Sequence[Token], run: Run) -> bool:
        """The utterance begins with this run, so that it may go on with the last one's number."""
        if not self._open.code:
            return False
        letters = letters_before(said, run.first)
        first = letters[0][1] if letters else run.first
        return all(joins(token) or token.text in _BARE for token in said[:first])

    def _still_open(self, said: Sequence[Token], found: Sequence[Numeral]) -> _Open:
        """Without a number in it: letters begin one, a word or two between its parts end none."""
        if found:
            return _Open()
        letters = letters_before(said, len(said))
        if letters and all(_spelled(said[at]) for _, at in letters):
            return _Open("".join(one for one, _ in letters))
        words = sum(token.text.isalpha() for token in said)
        if self._open.code and words <= _CHATTER and self._open.utterances < _PATIENCE:
            return replace(self._open, utterances=self._open.utterances + 1)
        return _Open()


def _spelled(token: Token) -> bool:
    return len(token.text) == 1 or token.shouted


def _ends(said: Sequence[Token], after: int) -> bool:
    return all(joins(token) or token.text in _BARE for token in said[after:])


def _letter_after(said: Sequence[Token], at: int) -> tuple[str, int]:
    """A single letter right behind a number, such as a DNI's, and the token after it."""
    named = False
    while at < len(said) and (joins(said[at]) or said[at].text in _LETTER_WORDS):
        named = named or said[at].text in _LETTER_WORDS
        at += 1
    if at >= len(said) or not (one := letter(said[at], named=named)):
        return "", at
    return one, at + 1


def _announced(said: Sequence[Token], first: int, after: int, words: frozenset[str]) -> bool:
    return any(token.text in words for token in (*_near(said, first), *said[after : after + 4]))


def _near(said: Sequence[Token], first: int) -> list[Token]:
    """The tokens before, back to something that is masked already."""
    near: list[Token] = []
    for token in reversed(said[max(0, first - _CUE_REACH) : first]):
        if token.masked:
            break
        near.append(token)
    return near


def _cue(said: Sequence[Token], run: Run) -> Kind | None:
    near = {token.text for token in _near(said, run.first)}
    near |= {token.text for token in said[run.after : run.after + 4]}
    return next((what for what, words in CUES.items() if near & words), None)


def _text(text: str, said: Sequence[Token], span: Span | Run) -> str:
    return text[said[span.first].start : said[span.after - 1].end]


def _replaced(text: str, said: Sequence[Token], masks: Iterable[_Mask]) -> Redacted:
    ordered = sorted(masks, key=lambda mask: mask.span.first)
    parts, last = [], 0
    for mask in ordered:
        parts += [text[last : said[mask.span.first].start], mask.instead or f"[{mask.kind}]"]
        last = max(last, said[mask.span.after - 1].end)
    parts.append(text[last:])
    masked = tuple(Masked(mask.kind, mask.value) for mask in ordered if mask.instead is None)
    return Redacted("".join(parts), masked)
