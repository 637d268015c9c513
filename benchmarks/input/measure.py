"""How well a caller's words are masked, and their language is told, on labelled utterances.

All of them were written for this; none is anybody's. Whoever wrote them had not seen the code, but
the rules were mended on what they missed, so other callers will do a little worse. `hard` is talk
as it comes: run-on sentences, corrections, numbers in five pieces, streets without a number.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from typing import Any

import orjson

from knowledge import glossary
from knowledge.adequacy import confidence
from knowledge.answers import Question
from knowledge.embedding import Embedding
from knowledge.evaluation import Best
from knowledge.meanings import Meanings
from knowledge.privacy import Redactor
from knowledge.privacy.numerals import numerals, tokens
from knowledge.privacy.runs import runs
from knowledge.routing import Thresholds, choose
from knowledge.sanitizing import sanitize
from knowledge.spoken import Languages, Speaking

TODAY = date(2026, 11, 22)
NUMBERS = {"policy": r"[A-Z]{2}-\d{7}"}
LONGEST = 5000
REST = 4
"""Digits of a secret that must not be left together; a shorter first part cannot be known."""
ENOUGH = 100
"""Utterances from which a share is a figure to be held to."""
BELIEVED = 0.5
"""As INPUT_PROCESSING_MIN_TRANSLATION_CONFIDENCE."""
_FURTHER = 37
"""Questions further on stands one that means something else."""
_WORDED = frozenset({"email", "address", "cvv"})


@dataclass(slots=True)
class Share:
    good: int = 0
    all: int = 0

    def add(self, good: bool) -> None:
        self.good += good
        self.all += 1

    @property
    def rate(self) -> float:
        return self.good / self.all if self.all else 1.0


@dataclass(slots=True)
class Masking:
    """By kind: secrets that are masked, and harmless numbers that stay."""

    recall: dict[str, Share] = field(default_factory=dict)
    precision: dict[str, Share] = field(default_factory=dict)
    untouched: Share = field(default_factory=Share)
    """Utterances with neither."""
    seconds: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def lines(name: str) -> Iterator[dict[str, Any]]:
    text = (resources.files("benchmarks.input") / f"{name}.jsonl").read_text("utf-8")
    yield from map(orjson.loads, text.splitlines())


def masking(name: str = "redaction") -> Masking:
    found, calls = Masking(), dict[str, Redactor]()
    for line in lines(name):
        redactor = calls.setdefault(line["call"], Redactor(NUMBERS, today=TODAY))
        began = time.perf_counter()
        text = redactor.read(sanitize(line["text"], longest=LONGEST).text).text
        found.seconds.append(time.perf_counter() - began)
        for secret in line.get("secrets", ()):
            if not _first_part(secret):
                good = masked(secret["kind"], secret["said"], text)
                found.recall.setdefault(secret["kind"], Share()).add(good)
                if not good:
                    found.missed.append(f"{secret['kind']}: {line['text']} -> {text}")
        for kept in line.get("keep", ()):
            found.precision.setdefault(kept["kind"], Share()).add(kept["said"] in text)
            if kept["said"] not in text:
                found.missed.append(f"{kept['kind']}: {line['text']} -> {text}")
        if not line.get("secrets") and not line.get("keep"):
            found.untouched.add("[" not in text)
    return found


def twins(asked: Best, *, reading: bool) -> Share:
    """Spanish questions that go the way of their English twins: same entry, same route.

    `reading`: beside each its twin, as a translator without a fault would write it.
    """
    found, thresholds = Share(), Thresholds()
    for text, twin in zip(_questions("es"), _questions("en"), strict=True):
        spanish = Question(text, "es", reading=twin if reading else "", sure=0.95)
        ways = []
        for question in (spanish, Question(twin, "en")):
            best = asked(question)
            way = choose(best, thresholds, model_available=True, ticket_id="")
            ways.append((best.entry if best else "", way.route))
        found.add(ways[0] == ways[1])
    return found


def _questions(language: str) -> list[str]:
    """The shipped evaluation questions of callers, entry by entry."""
    file = resources.files("benchmarks.router") / "questions" / f"{language}.tsv"
    rows = [line.split("\t") for line in file.read_text("utf-8").splitlines()[1:]]
    return [text for text, _ in rows]


async def doubted(embedding: Embedding) -> tuple[Share, Share]:
    """Translations that are believed: of 190 good ones those that are, of as many that do not
    belong to their texts, half of them told in the wrong language, those that are not."""
    words, meanings = glossary.load(), Meanings(embedding)
    good, bad = Share(), Share()
    spanish, english = _questions("es"), _questions("en")
    for number, (text, twin) in enumerate(zip(spanish, english, strict=True)):
        other = (english, spanish)[number % 2][(number + _FURTHER) % len(english)]
        for translated, share, right in ((twin, good, True), (other, bad, False)):
            alike = await meanings.alike(text, translated)
            sure = confidence(text, translated, "es", "en", words, alike=alike)
            share.add((sure >= BELIEVED) is right)
    return good, bad


def together(shares: Mapping[Any, Share]) -> Share:
    return Share(
        sum(share.good for share in shares.values()), sum(share.all for share in shares.values())
    )


def masked(kind: str, said: Sequence[str], text: str) -> bool:
    """Nothing of it that could be put together again is left."""
    if any(surface in text for surface in said):
        return False
    if kind in _WORDED:
        return True
    left = _digits(text)
    return not any(
        digits[at : at + REST] in run
        for digits in _digits(" ".join(said))
        for at in range(len(digits) - REST + 1)
        for run in left
    )


def _first_part(secret: Mapping[str, Any]) -> bool:
    digits = sum(map(len, _digits(" ".join(secret["said"]))))
    return secret["kind"] not in _WORDED and digits < REST


def _digits(text: str) -> list[str]:
    said = tokens(text)
    return [run.digits for run in runs(said, numerals(said))]


def languages(tell: Languages) -> dict[tuple[str, int], Share]:
    """By language, ours or "other", and number of words: how often it is told."""
    found: dict[tuple[str, int], Share] = {}
    for line in lines("languages"):
        wanted = line["language"] if line["language"] in tell.ours else "other"
        guess = tell.guess(line["text"]).language
        told = guess if guess in tell.ours else "other"
        found.setdefault((wanted, line["words"]), Share()).add(told == wanted)
    return found


def switching(tell: Languages) -> Share:
    """Turns of whole conversations that are answered in the right language."""
    found = Share()
    for line in lines("switching"):
        speaking = Speaking(tell, line["turns"][0]["language"])
        for turn in line["turns"]:
            speaking.heard(turn["text"])
            found.add(speaking.language == turn["language"])
    return found
