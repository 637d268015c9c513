"""Collecting a number from the caller, said or typed: read, read back, corrected, confirmed.

Of one call, and open only while a number is wanted. What was said and typed lives here until then,
and is shown by nothing: no repr, no log, no event holds it.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from string import ascii_uppercase
from typing import Literal

from knowledge.alarm import alarm
from knowledge.correcting import corrected, denies
from knowledge.identification import spoken_parts
from knowledge.persona import Phrase
from knowledge.readback import spoken
from knowledge.replies import Reply, reply
from knowledge.wanted import Wanted
from knowledge.wishes import Wish, recognise
from knowledge.words import fold

TRIES = 3
"""Numbers that cannot be used, or are not right, before a person takes over."""
SHORT = 6
"""Words of a no that is not clearer than that."""
PARTS = 5
"""Turns in which a number may come, piece by piece."""
LONGEST_TURN = 300
"""Characters; who says more says something else."""
TRANSCRIPTS = 50
"""Of one turn."""
BETWEEN_KEYS = 4.0
"""Seconds after a key in which the next one comes."""
LONGEST = 120.0
"""Seconds that a number may take altogether."""
YES_KEY, NO_KEY, AGAIN_KEY, END_KEY = "1", "2", "*", "#"
_AGREEING = re.compile(
    r"\b(?:is|are|all|exactly|exact|es|eso|asi|todo|bien|exacto|exactamente|it|number|numero|"
    r"esta|perfect|perfectly)\b"
)
_BARE_YES = frozenset({"exactly", "exact", "exacto", "exactamente", "eso es", "asi es", "it is"})

Outcome = Literal["confirmed", "given_up", "left", "late"]
By = Literal["keys", "speech", ""]


class _State(Enum):
    TAKING = auto()
    LETTERS = auto()
    """The digits were typed; the letters before them are to be said."""
    SLIP = auto()
    """What was understood is too long: it was read back to be corrected."""
    RIGHT = auto()
    """The whole number was read back: is it right?"""


@dataclass(frozen=True, slots=True)
class Ended:
    """The collection is over."""

    kind: str
    outcome: Outcome
    by: By
    corrections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from a turn, a key or a pause."""

    says: tuple[Phrase, ...] = ()
    number: str = field(default="", repr=False)
    """In words, for the phrase that has a `{number}` in it."""
    passes: bool = False
    """The turn is for somebody else."""
    stops: bool = False
    """The agent is to stop talking."""
    ended: Ended | None = None


_PASSED = Step(passes=True)
Confirmed = Callable[[str], None]


@dataclass(slots=True)
class _Work:
    """One number, from the question to the end."""

    wanted: Wanted
    confirmed: Confirmed
    began: float
    state: _State = _State.TAKING
    value: str = field(default="", repr=False)
    """What was understood: whole while it is read back."""
    said: str = field(default="", repr=False)
    """A date that was told in part."""
    typed: str = field(default="", repr=False)
    last_key: float = 0.0
    by: By = ""
    parts: int = 0
    """Turns that have brought a part of it."""
    tries: int = 0
    corrections: int = 0


class Collecting:
    def __init__(
        self,
        numbers: Mapping[str, str],
        *,
        clock: Callable[[], float],
        today: Callable[[], date],
    ) -> None:
        """`numbers`: patterns of `agent.yaml`, by kind. `clock`: monotonic seconds."""
        self._numbers = numbers
        self._clock = clock
        self._today = today
        self._work: _Work | None = None
        self._heard: deque[tuple[str, str]] = deque(maxlen=TRANSCRIPTS)
        self._asked = Step()
        self.changed: Callable[[], None] = lambda: None
        """Told whenever `due` may have changed."""
        self.ended: Callable[[Ended], None] = lambda _ended: None
        """Told of each end, once."""

    @property
    def open(self) -> bool:
        """Keys are digits now."""
        return self._work is not None

    @property
    def due(self) -> float:
        """When `passed` is to be asked, by the clock; infinite while nothing is collected."""
        if (work := self._work) is None:
            return float("inf")
        key = work.last_key + BETWEEN_KEYS if work.typed else float("inf")
        return min(work.began + LONGEST, key)

    def begin(self, kind: str, confirmed: Confirmed) -> bool:
        """The caller has been asked for it. False where nobody knows what such a number is."""
        self.close()
        wanted = Wanted.of(kind, self._numbers)
        if wanted is None:
            return False
        self._asked = Step()
        self._work = _Work(wanted, confirmed, self._clock())
        self.changed()
        return True

    def close(self) -> None:
        """The number is not wanted any more: nothing is left of it."""
        if self._work is not None:
            self._end(self._work, "left")

    def heard(self, shown: str, said: str) -> None:
        """A final transcript: as everybody else sees it, and as it was said."""
        if self._work is not None:
            self._heard.append((shown, said))

    def turn(self, text: str, language: str) -> Step:
        """The caller's whole turn, as everybody sees it."""
        work, said = self._work, self._unmasked(text)
        if work is None or len(said) > LONGEST_TURN:
            return _PASSED
        wish = recognise(text)
        if alarm(text) is not None or wish in {Wish.PERSON, Wish.GOODBYE}:
            return Step(passes=True, ended=self._end(work, "left"))
        if wish is Wish.WAIT:
            work.began = self._clock()
            self.changed()
            return _PASSED
        if wish in {Wish.REPEAT, Wish.SLOWER}:
            return self._asked if self._asked.says else _PASSED
        return self._answered(work, said, language)

    def key(self, key: str, language: str) -> Step:
        if (work := self._work) is None:
            return _PASSED
        work.last_key = self._clock()
        if work.state is _State.RIGHT and key in {YES_KEY, END_KEY}:
            return self._confirm(work, stops=True)
        first = not work.typed
        if work.state in {_State.RIGHT, _State.SLIP}:
            work.state, work.value, work.typed, first = _State.TAKING, "", "", True
            if key == NO_KEY:
                return self._again(work, stops=True)
        if key == AGAIN_KEY:
            work.state, work.value, work.typed = _State.TAKING, "", ""
            return Step(stops=True)
        if key == END_KEY:
            return self._typed(work, language) if work.typed else Step()
        work.typed, work.by, work.said = work.typed + key, "keys", ""
        if work.state is _State.LETTERS:
            work.state, work.value = _State.TAKING, ""
        self.changed()
        if len(work.typed) >= work.wanted.most:
            return self._typed(work, language)
        return Step(stops=first)

    def passed(self, language: str) -> Step:
        """Time has passed, and nothing came."""
        work, now = self._work, self._clock()
        if work is None or now < self.due:
            return Step()
        if now >= work.began + LONGEST:
            return Step((Phrase.COLLECT_LATE,), ended=self._end(work, "late"))
        return self._typed(work, language)

    def _unmasked(self, text: str) -> str:
        """What was said in this turn: of other transcripts, such as an echo, nothing is taken."""
        said = " ".join(said for shown, said in self._heard if shown.strip() and shown in text)
        self._heard.clear()
        return said or text

    def _answered(self, work: _Work, text: str, language: str) -> Step:
        match work.state:
            case _State.RIGHT if _agrees(text):
                return self._confirm(work)
            case _State.RIGHT | _State.SLIP:
                return self._corrected(work, text, language)
            case _State.LETTERS:
                return self._lettered(work, text, language)
            case _:
                return self._taken(work, text, language)

    def _taken(self, work: _Work, text: str, language: str) -> Step:
        """The number, or a part of it."""
        wanted = work.wanted
        if not wanted.about(text):
            whole = "" if wanted.more(text) else wanted.said(text, language, self._today())
            work.by = "speech" if whole else work.by
            return self._read_back(work, whole, language) if whole else _PASSED
        work.by = "speech"
        if whole := wanted.said(text, language, self._today()):
            return self._read_back(work, whole, language)
        if wanted.pattern is None:
            return self._dated(work, f"{work.said} {text}".strip(), language)
        before, code = work.value + work.typed, wanted.code(text)
        if letters := wanted.letters(text):
            return self._joined(work, letters + before.lstrip(ascii_uppercase), language)
        if code[:1].isalpha():
            return self._joined(work, code, language)  # from its beginning again
        return self._joined(work, before + code, language)

    def _dated(self, work: _Work, said: str, language: str) -> Step:
        """A day of which a part has come, maybe the last one."""
        work.said = said
        whole = work.wanted.said(said, language, self._today())
        months, numbers = spoken_parts(said)
        if not whole and len(months) + len(numbers) >= len("DMY"):
            return self._again(work)
        return self._whole_or_more(work, whole, language)

    def _joined(self, work: _Work, value: str, language: str) -> Step:
        work.value, work.typed = value, ""
        if work.wanted.near(value):
            work.state = _State.SLIP
            return self._say(work, (Phrase.COLLECT_HEARD, Phrase.COLLECT_SLIP), language)
        if work.wanted.lacks_letters(value):
            work.state = _State.LETTERS
            return self._say(work, (Phrase.COLLECT_LETTERS,), language)
        if not work.wanted.fits(value) and len(value) > work.wanted.longest:
            return self._again(work)
        return self._whole_or_more(work, value if work.wanted.fits(value) else "", language)

    def _whole_or_more(self, work: _Work, whole: str, language: str) -> Step:
        if whole:
            return self._read_back(work, whole, language)
        work.parts += 1
        return self._again(work) if work.parts > PARTS else Step((Phrase.COLLECT_MORE,))

    def _lettered(self, work: _Work, text: str, language: str) -> Step:
        wanted = work.wanted
        if whole := wanted.said(text, language, self._today()):
            return self._read_back(work, whole, language)
        if (letters := wanted.letters(text)) and wanted.fits(letters + work.value):
            return self._read_back(work, letters + work.value, language)
        if recognise(text) is not None or not wanted.about(text):
            return _PASSED
        work.tries += 1
        return self._gives_up(work) or self._say(work, (Phrase.COLLECT_LETTERS,), language)

    def _corrected(self, work: _Work, text: str, language: str) -> Step:
        wanted, today = work.wanted, self._today()
        about, denied = wanted.about(text), denies(text)
        found = wanted.said(text, language, today) if about else ""
        if about and not denied and wanted.fits(whole := work.value + wanted.code(text)):
            found = found or whole  # there was more to come
        found = found or corrected(work.value, text, wanted, today=today)
        if found:
            work.corrections += found != work.value
            return self._read_back(work, found, language)
        short = len(text.split()) <= SHORT
        if about or (denied and short) or reply(text) is Reply.NO:
            return self._again(work)
        return _PASSED

    def _typed(self, work: _Work, language: str) -> Step:
        """The keys so far are all there will be."""
        wanted, keys, work.typed = work.wanted, work.typed, ""
        letters = work.value if work.value.isalpha() else ""
        whole = wanted.typed(keys, letters, language, self._today())
        if whole:
            return self._read_back(work, whole, language)
        if wanted.lacks_letters(keys):
            work.state, work.value = _State.LETTERS, keys
            return self._say(work, (Phrase.COLLECT_LETTERS,), language)
        return self._again(work)

    def _read_back(self, work: _Work, value: str, language: str) -> Step:
        work.state, work.value, work.said, work.typed = _State.RIGHT, value, "", ""
        return self._say(work, (Phrase.COLLECT_HEARD, Phrase.COLLECT_RIGHT), language)

    def _say(self, work: _Work, says: tuple[Phrase, ...], language: str) -> Step:
        self.changed()
        self._asked = Step(says, number=spoken(work.value, language))
        return self._asked

    def _again(self, work: _Work, *, stops: bool = False) -> Step:
        """From the beginning, some times."""
        work.state, work.value, work.typed, work.said = _State.TAKING, "", "", ""
        work.parts = 0
        work.tries += 1
        if (over := self._gives_up(work)) is not None:
            return over
        self._asked = Step((Phrase.COLLECT_AGAIN,), stops=stops)
        return self._asked

    def _gives_up(self, work: _Work) -> Step | None:
        if work.tries < TRIES:
            return None
        return Step((Phrase.COLLECT_FAILED,), ended=self._end(work, "given_up"))

    def _confirm(self, work: _Work, *, stops: bool = False) -> Step:
        step = Step(stops=stops, ended=self._end(work, "confirmed"))
        work.confirmed(work.value)
        return step

    def _end(self, work: _Work, outcome: Outcome) -> Ended:
        self._work = None
        self._heard.clear()
        self._asked = Step()
        self.changed()
        seconds = self._clock() - work.began
        ended = Ended(work.wanted.kind, outcome, work.by, work.corrections, seconds)
        self.ended(ended)
        return ended


def _agrees(text: str) -> bool:
    plain = " ".join(re.findall(r"\w+", fold(text)))
    if plain in _BARE_YES:
        return True
    return reply(_AGREEING.sub(" ", fold(text))) is Reply.YES
