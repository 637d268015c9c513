"""Texts with their translations, right ones and others that were made wrong on purpose."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib import resources

from knowledge.glossary import Glossary
from knowledge.glossary import Pair as Term
from knowledge.ingest import ingest, shipped
from knowledge.words import lexicon

SEED = 7
TAIL = 0.4
"""Share of the pairs that get a number, a name or a masked place, of which callers say many."""
_FURTHER = 37
"""Questions further on stands one that means something else."""
_NEGATED = re.compile(r"\b(not|never|no|nunca)\s|n't\b", re.IGNORECASE)
_DENIED = {
    "en": re.compile(r"\b(is|are|was|can|could|do|does|will|would|have|has|should|am)\b"),
    "es": re.compile(r"\b(es|está|son|puedo|puede|pueden|tengo|tiene|hay|me|se|quiero|va|le|lo)\b"),
}
_COUNTED = re.compile(r"\d+")
_TALK = (
    "Sure! Here is the translation: {}",
    'Here\'s the translation: "{}"',
    "Translation: {}",
    "Of course! {} Let me know if you need anything else translated.",
    "Certainly, in the target language that would be: {}",
    "I'm sorry, but I can't help with that.",
    "As an AI language model, I cannot translate this.",
    "¡Claro! La traducción es: {}",
)
_NAMES = ("Marta", "Rodrigo", "Wilson", "Carmen", "Miller", "Ortega", "Dawson")
_TAILS: dict[str, dict[str, str]] = {
    "number": {"en": ", it was {} days ago", "es": ", fue hace {} días"},
    "price": {"en": ", they want {} dollars", "es": ", quieren {} dólares"},
    "place": {"en": ", my number is [phone number]", "es": ", mi número es [phone number]"},
    "name": {"en": ", my name is {}", "es": ", me llamo {}"},
}


@dataclass(frozen=True, slots=True)
class Pair:
    original: str
    translated: str
    source: str
    target: str
    kind: str
    """How it was made wrong; "" where it is right."""
    weight: float = 1.0
    """The wrong ones of a text weigh as much as its right one."""

    @property
    def right(self) -> bool:
        return not self.kind


Twins = Sequence[tuple[str, str]]
"""What is said in English and in Spanish."""


def content() -> Twins:
    """The shipped questions and answers, and the phrasings that were written as twins."""
    found = []
    for entry in ingest(shipped(), date.max).entries:
        english, spanish = entry.wordings["en"], entry.wordings["es"]
        found.append((english.asked[0], spanish.asked[0]))
        found.append((english.answer, spanish.answer))
    return [*found, *told("benchmarks", "callers")]


def held_out() -> Twins:
    """The evaluation questions of callers, which nothing is fitted to."""
    return told("benchmarks.router", "questions")


def told(package: str, folder: str) -> Twins:
    texts = []
    for language in ("en", "es"):
        file = resources.files(package) / folder / f"{language}.tsv"
        rows = file.read_text("utf-8").splitlines()[1:]
        texts.append([row.split("\t")[0] for row in rows])
    return list(zip(*texts, strict=True))


def labelled(twins: Twins, glossary: Glossary, seed: int = SEED) -> Iterator[Pair]:
    """Both ways. Same seed, same pairs."""
    rng = random.Random(seed)
    for at, (english, spanish) in enumerate(twins):
        other = twins[(at + _FURTHER) % len(twins)]
        said, tail = {"en": english, "es": spanish}, ""
        if rng.random() < TAIL:
            tail = rng.choice(sorted(_TAILS))
            filled = str(rng.randrange(2, 900)) if tail != "name" else rng.choice(_NAMES)
            said = {code: said[code] + _TAILS[tail][code].format(filled) for code in said}
        for source, target, wrong in (("es", "en", other[0]), ("en", "es", other[1])):
            right = Pair(said[source], said[target], source, target, "")
            wrongs = dict(_wrongs(right, glossary, rng))
            wrongs["another"] = wrong
            yield right
            for kind, text in wrongs.items():
                yield replace(right, translated=text, kind=kind, weight=1 / len(wrongs))


def _wrongs(pair: Pair, glossary: Glossary, rng: random.Random) -> Iterator[tuple[str, str]]:
    right, target = pair.translated, pair.target
    words = right.split()
    yield "half", " ".join(words[: len(words) // 2])
    yield "untranslated", pair.original
    yield "talk", rng.choice(_TALK).format(right)
    denied = _denied(right, target)
    was = lexicon(target).read(right).negated
    if lexicon(target).read(denied).negated != was:
        yield "negation", denied
    if _COUNTED.search(right):
        yield "number", _COUNTED.sub(lambda _: str(rng.randrange(2, 900)), right, count=1)
    if "[" in right:
        yield "place", right.replace("[phone number]", str(rng.randrange(10**9, 10**10)))
    for name in _NAMES:
        if name in right:
            yield "name", right.replace(name, rng.choice([n for n in _NAMES if n != name]))
    if found := _term(pair, glossary):
        pattern, term = found
        others = [word for word in glossary.words(target) if word not in term.meant]
        yield "term", pattern.sub(rng.choice(others), right)
        yield "lost term", pattern.sub(rng.choice((term.said, "thing", "safe")), right)


def _denied(text: str, language: str) -> str:
    """Without its negations; with one where it has none."""
    if lexicon(language).read(text).negated:
        return " ".join(_NEGATED.sub(" ", text).split())
    put = r"\1 not" if language == "en" else r"no \1"
    return _DENIED[language].sub(put, text, count=1)


def _term(pair: Pair, glossary: Glossary) -> tuple[re.Pattern[str], Term] | None:
    """Of the trade, said in both."""
    for term in glossary.pairs(pair.original, pair.source, pair.target):
        for way in term.meant:
            pattern = re.compile(rf"\b{re.escape(way)}", re.IGNORECASE)
            if pattern.search(pair.translated):
                return pattern, term
    return None
