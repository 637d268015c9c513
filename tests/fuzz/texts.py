"""What may be said of every text that a caller's words become, and how long it may take."""

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from knowledge.glossary import Glossary
from knowledge.identification import spoken_code, spoken_date
from knowledge.language import Detector
from knowledge.privacy import Redactor
from knowledge.sanitizing import sanitize
from knowledge.spoken import Languages, Speaking
from knowledge.strangers import Strangers
from knowledge.words import lexicon

LONGEST: Final = 5000
"""INPUT_PROCESSING_MAX_TEXT_LENGTH."""
MEGABYTE: Final = 1_000_000
WITHIN: Final = 0.05
"""Seconds of processor time for a megabyte of hostile text."""
CONTROL: Final = 20_000
"""Steps of work that is always the same: what it takes tells how busy the machine is."""
TODAY: Final = date(2026, 11, 22)
NUMBERS: Final = {"policy": r"[A-Z]{2}-\d{7}", "claim": r"CL\.\d{6}"}
PIECES: Final = (
    "<", "<a ", "<!--", "system:", "\x00", "\u202e", "\u0301", "\ufdfa", "🙂", "a1", "a111",
    "a1111", "$111,", "1 ", "one ", "a@a.", "a at b dot com ", "5/5/1980 ", "may 5 ",
    "el 3 de mayo de 1980 ", "10:30 ", "apt 5 ", "un it ", "calle x 1 ", "cvv 123 ",
    "AB-1234567 ", "treinta y ", "b as in berlin ", "4111111111111111 ", "[number] ",
)  # fmt: skip
"""Repeated up to a megabyte: what tempts an expression to look far, and what once took long."""
MASKED: Final = "cleaned and masked"
BEGUN: Final = ("my card is 4111 1111 1111 1111", "41", "I was born in March")
"""Utterances after which the next one is read with more care."""
DETECTOR: Final = Detector.of({"en": ["what is the deductible"], "es": ["qué es la prima"]})


def redactor() -> Redactor:
    return Redactor(NUMBERS, today=TODAY)


def glossary() -> Glossary:
    return Glossary([{"en": ("deductible",), "es": ("deducible",)}], ["Answerline"])


def cleaned(text: str) -> str:
    """Asserts what holds of every text."""
    clean = sanitize(text, longest=LONGEST)
    assert len(clean.text) <= LONGEST
    assert 0.0 <= clean.confidence <= 1.0
    assert clean.text == clean.text.strip()
    assert clean.text.isprintable()
    assert not set("<>[]{}`") & set(clean.text)
    assert sanitize(clean.text, longest=LONGEST).text == clean.text
    return clean.text


def told(utterances: Sequence[str]) -> list[str]:
    """A call's utterances as others see them. What was masked is read again without a change, and
    a glance sees what reading sees."""
    reader = redactor()
    seen = []
    for said in utterances:
        glanced = reader.glance(said)
        read = reader.read(said)
        assert glanced == read
        assert all(one.value not in repr(read.masked) for one in read.masked)
        assert redactor().read(read.text).text == read.text
        seen.append(read.text)
    return seen


def understood(text: str, languages: Languages) -> None:
    """By everything else that reads a caller's words."""
    for language in languages.ours:
        day = spoken_date(text, language, today=TODAY)
        assert day is None or day <= TODAY
        reading = lexicon(language).read(text)
        assert all(0.0 <= word.weight <= 1.0 for word in reading.words)
        assert len(glossary().missing(text, text, language, "es")) <= len(text)
    code = spoken_code(text)
    assert code == code.upper()
    guess = Speaking(languages, "en").heard(text)
    assert 0.0 <= guess.confidence <= 1.0


def readers(languages: Languages) -> dict[str, Callable[[str], object]]:
    """Each by what it reads: `understood` is asked for its own time, without the others."""

    def way(text: str) -> str:
        return redactor().read(sanitize(text, longest=LONGEST).text).text

    def late(text: str) -> str:
        """In the middle of a call."""
        reader = redactor()
        for said in BEGUN:
            reader.read(said)
        return reader.read(sanitize(text, longest=LONGEST).text).text

    return {
        MASKED: way,
        "masked, later in a call": late,
        "a date": lambda text: spoken_date(text, "en", today=TODAY),
        "a code": spoken_code,
        "words": lambda text: lexicon("es").read(text),
        "language": lambda text: Speaking(languages, "en").heard(text[:LONGEST]),
        "terms": lambda text: glossary().pairs(text[:LONGEST], "en", "es"),
    }


def languages() -> Languages:
    return Languages(DETECTOR, ("en", "es"), Strangers.load())


def slowest(*names: str) -> dict[tuple[str, str], float]:
    """By reader, all or those that are named, and piece: seconds of processor time that a megabyte
    takes, of six trials the best if need be. Busy neighbours slow a core down: a trial is measured
    against a control beside it, and that against the control at its quickest."""
    found = {}
    quiet = min(_control() for _ in range(50))
    for name, reader in readers(languages()).items():
        for piece in PIECES if not names or name in names else ():
            text = piece * (MEGABYTE // len(piece))
            found[name, piece] = _best(reader, text, quiet)
    return found


def _best(reader: Callable[[str], object], text: str, quiet: float) -> float:
    best = WITHIN + 1.0
    for _ in range(6):  # a busy machine spoils some
        if best > WITHIN:
            control = _control()
            before = time.process_time()
            reader(text)
            took = time.process_time() - before
            best = min(best, took / max(1.0, (control + _control()) / 2 / quiet))
    return best


def _control() -> float:
    before = time.process_time()
    for _ in range(CONTROL):
        pass
    return time.process_time() - before
