"""What is asked of what knowledge: public sets and the shipped content, a fifth of each held out.

The same seed, the same split. Of the content no phrasing is asked of knowledge that holds its twin.
"""

import csv
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib import resources
from pathlib import Path

from knowledge.edition import shipped
from knowledge.entries import Entry, Wording
from knowledge.evaluation import Case
from knowledge.ingest import ingest
from knowledge.noise import Noise
from knowledge.outside import unseen
from knowledge.twins import apart

SEED = 20
HELD = 5
"""One of so many parts is held out."""
CALIBRATION = 4
"""Of what is left, one of so many parts is what confidence is calibrated on."""
CALLERS = "callers"
"""The trials of what was written for this only."""
MISHEARD = 0.10
"""Share of the words that a recogniser gets wrong."""
OTHER_TRADES = ("banking", "credit_cards")
"""Domains of CLINC150 that a bank's line answers: all others are strange to Banking77."""


@dataclass(frozen=True, slots=True)
class Trial:
    name: str
    language: str
    known: tuple[Entry, ...]
    asked: tuple[Case, ...]
    """Held out of what is known, and what no entry answers."""
    fitting: tuple[Entry, ...]
    """What is known but for the part that confidence is calibrated on."""
    calibration: tuple[Case, ...]

    @property
    def misheard(self) -> tuple[Case, ...]:
        """The same questions, as a recogniser may get them."""
        noise = Noise((text for text, _ in pairs(self.known, self.language)), random.Random(SEED))
        return tuple(replace(case, text=noise(case.text, MISHEARD)) for case in self.asked)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the sets is used."""

    name: str
    phrasings: int
    """Of an intent of the public sets, the held-out ones among them; at most."""
    timed: int
    """Questions whose decisions are timed one by one."""
    strangers: int
    """Of the public sets, at most."""
    brief: bool = False
    """Only Banking77 and what callers ask in English."""


FULL = Size("full", 1000, 1000, 500)
QUICK = Size("quick", 12, 60, 100, brief=True)


def pairs(entries: Iterable[Entry], language: str) -> Iterator[tuple[str, str]]:
    """Every phrasing with its entry."""
    for entry in entries:
        if language in entry.wordings:
            for text in entry.wordings[language].asked:
                yield text, entry.id


def trials(data: Path, size: Size) -> Iterator[Trial]:
    content = ingest(shipped(), date.min).entries
    if data.is_dir():
        yield banking(data, size)
    if not size.brief:
        if data.is_dir():
            yield clinc(data, size)
        for language in ("en", "es"):
            told = [replace(one, wordings={language: one.wordings[language]}) for one in content]
            yield held_out(f"content, {language}", told, language, unseen(language))
    for language in ("en",) if size.brief else ("en", "es"):
        yield callers(content, language)


def texts(trial: Trial) -> Iterator[str]:
    """All that is known, asked, or used to calibrate."""
    for entry in trial.known:
        for wording in entry.wordings.values():
            yield from wording.asked
    for case in (*trial.asked, *trial.misheard, *trial.calibration):
        yield case.text


def held_out(
    name: str,
    entries: Sequence[Entry],
    language: str,
    strange: Iterable[str],
    *,
    together: bool = True,
) -> Trial:
    """`together`: twins are."""
    rng = random.Random(SEED)
    known, asked = apart(entries, language, HELD, rng, together=together)
    fitting, calibration = apart(known, language, CALIBRATION, rng, together=together)
    outside = tuple(Case(text, "", language) for text in strange)
    return Trial(name, language, known, (*asked, *outside), fitting, calibration)


def callers(entries: Sequence[Entry], language: str) -> Trial:
    """All of the content, asked what was written for this only."""
    fitting, calibration = apart(entries, language, CALIBRATION, random.Random(SEED))
    outside = tuple(Case(text, "", language) for text in unseen(language))
    asked = (*questions(language), *outside)
    return Trial(f"{CALLERS}, {language}", language, tuple(entries), asked, fitting, calibration)


def questions(language: str) -> Iterator[Case]:
    """What callers may ask, with the entry of the shipped content that answers it."""
    return _told("questions", language)


def denials(language: str) -> Iterator[Case]:
    """What callers may say, with the entry that speaks of just what they deny."""
    return _told("denials", language)


def _told(what: str, language: str) -> Iterator[Case]:
    file = resources.files("benchmarks") / "router" / what / f"{language}.tsv"
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        text, _, entry = line.partition("\t")
        yield Case(text, entry, language)


def banking(data: Path, size: Size) -> Trial:
    found: dict[str, list[str]] = {}
    with (data / "banking77" / "train.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["category"], []).append(row["text"])
    domains = json.loads((data / "clinc150" / "domains.json").read_text("utf-8"))
    theirs = {intent for domain in OTHER_TRADES for intent in domains[domain]}
    strange = [text for text, intent in _read(data)["val"] if intent not in theirs]
    return held_out("Banking77", _entries(found, size), "en", _some(strange, size), together=False)


def clinc(data: Path, size: Size) -> Trial:
    found: dict[str, list[str]] = {}
    told = _read(data)
    for text, intent in told["train"] + told["val"]:
        found.setdefault(intent, []).append(text)
    strange = [text for text, _ in told["oos_train"] + told["oos_val"]]
    return held_out("CLINC150", _entries(found, size), "en", _some(strange, size), together=False)


def _some(strange: Sequence[str], size: Size) -> list[str]:
    if len(strange) <= size.strangers:
        return list(strange)
    return random.Random(SEED).sample(strange, size.strangers)


def _read(data: Path) -> dict[str, list[tuple[str, str]]]:
    told: dict[str, list[tuple[str, str]]]
    told = json.loads((data / "clinc150" / "train_val.json").read_text("utf-8"))
    return told


def _entries(intents: Mapping[str, Sequence[str]], size: Size) -> list[Entry]:
    rng = random.Random(SEED)
    made = []
    for name, texts in intents.items():
        known = list(dict.fromkeys(" ".join(text.split()) for text in texts))
        first, *others = rng.sample(known, min(size.phrasings, len(known)))
        made.append(Entry(name, "any", {"en": Wording(first, tuple(others), "")}))
    return made
