"""Many small knowledge bases, what they are asked, and what their index sees: to fit it by.

They are drawn from the shipped content and (where `../shared/data` is) from Banking77, CLINC150 and
healthcare.gov; each is asked in other words, with a recogniser's mistakes and without,
and what it cannot know. Same seed, same draws.
"""

import os
import random
from asyncio import Runner
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.router import trials
from knowledge.embedding import NEAREST, Floats, Near
from knowledge.embedding.local import LocalEmbedding
from knowledge.entries import Entry, Wording
from knowledge.ingest import ingest, shipped
from knowledge.noise import Noise
from knowledge.tongue import Look, Tongue
from knowledge.words import lexicon

DATA = Path(os.environ.get("ANSWERLINE_DATA", "../shared/data"))
SEED = 7
SIZES = (1, 2, 3, 5, 10, 30, 60, 95, 95, 95, 150)
EXAMPLES = (1, 2, 2, 3, 5, 8, 11, 11, 11, 30, 100)
"""Phrasings per entry, at most."""
MISHEARD = 0.3
"""Share of the questions in which the recogniser makes mistakes."""
BODIES = 0.7
"""Share of the knowledge bases whose entries have longer texts, where there are any."""
STRANGE = 0.15
"""Share of the questions that no entry answers."""
BESIDE = 0.4
"""Of these, the share that a neighbouring entry, left out, would have answered."""
TALK = 0.8
"""Share of the entries that a caller asks for in many words."""
ACROSS = 25
"""Questions in another language."""
POLITE = {
    "en": (
        ("so ", ""),
        ("", " please"),
        ("hi ", ""),
        ("can you tell me ", ""),
        ("um ", " thanks"),
        ("hello i wanted to ask ", ""),
        ("i would like to know ", " please"),
        ("okay and ", ""),
        ("yeah hi um i have a question ", ""),
        ("i'm calling because i need to know ", ""),
        ("hi um i've been with you guys for ten years and ", ""),
        ("my husband told me to call, ", ""),
        ("", " i really need to know that today"),
        ("okay so here's the thing ", ""),
    ),
    "es": (
        ("hola ", ""),
        ("", " por favor"),
        ("pues ", ""),
        ("me puede decir ", ""),
        ("quisiera saber ", " gracias"),
        ("buenos días ", ""),
        ("oiga ", ""),
        ("eh ", ""),
        ("sí hola mire tengo una duda ", ""),
        ("llamo porque necesito saber ", ""),
        ("hola mire llevo diez años con ustedes y ", ""),
        ("mi marido me dijo que llamara, ", ""),
        ("", " es que me urge saberlo hoy"),
        ("a ver le cuento ", ""),
    ),
}


@dataclass(frozen=True)
class Source:
    name: str
    language: str
    topics: tuple[tuple[str, ...], ...]
    """Of each entry, the ways to ask."""
    answers: tuple[str, ...]
    foreign: tuple[str, ...]
    """What no entry answers."""
    share: float
    bodies: tuple[str, ...] = ()
    """Of each entry, its longer text."""
    talk: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Of some entries, how callers put it: at length, and in their own words."""
    across: tuple[tuple[str, ...], ...] = ()
    """Of each entry, the ways to ask in the other language."""
    strangers: tuple[str, ...] = ()
    """What no entry answers, in the other language."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and all that its index sees of it."""

    source: str
    draw: int
    text: str
    language: str
    topic: str
    """Id of the right entry; "" where none is."""
    across: bool
    entries: tuple[Entry, ...]
    tongue: Tongue
    near: Near


def sources() -> list[Source]:
    content = ingest(shipped(), date.min).entries
    names = [entry.id for entry in content]
    said = {language: talk(language, names) for language in ("en", "es")}
    told = {
        language: tuple(
            tuple(text for text in entry.wordings[language].asked if text not in said[language][n])
            for n, entry in enumerate(content)
        )
        for language in ("en", "es")
    }
    abroad = {language: foreign(language) + titles(language) for language in ("en", "es")}
    found = []
    for language, other, share in (("en", "es", 0.42), ("es", "en", 0.34)):
        answers = tuple(entry.wordings[language].answer for entry in content)
        found.append(
            Source(
                f"shipped {language}",
                language,
                told[language],
                answers,
                abroad[language],
                share,
                tuple(entry.body for entry in content) if language == "en" else (),
                said[language],
                told[other],
                abroad[other],
            )
        )
    return [*found, *public()] if DATA.is_dir() else found


def foreign(language: str) -> tuple[str, ...]:
    file = resources.files("knowledge") / "out_of_scope" / f"{language}.txt"
    return tuple(file.read_text(encoding="utf-8").splitlines())


def talk(language: str, entries: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """By the entry's place. The content knows them too: here they are asked, and not known."""
    file = resources.files("benchmarks") / "callers" / f"{language}.tsv"
    found: defaultdict[int, list[str]] = defaultdict(list)
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        text, _, entry = line.partition("\t")
        found[entries.index(entry)].append(text)
    return {place: tuple(texts) for place, texts in found.items()}


def titles(language: str) -> tuple[str, ...]:
    """Of articles and questions about another insurance: near what is known, but not known."""
    found = []
    for kind in ("questions", "articles"):
        folder = DATA / "healthcaregov" / kind / ("es" if language == "es" else "")
        for file in sorted(folder.glob("*.md")):
            lines = file.read_text(encoding="utf-8").splitlines()[:40]
            named = [line[6:].strip(" \"'") for line in lines if line.startswith("title:")]
            found += [name for name in named if len(name) > 8 and name != "undefined"]
    return tuple(found)


def public() -> list[Source]:
    """Without what `make bench-router` asks: neither the held-out fifths nor the strangers."""
    strange = titles("en") + foreign("en")
    found = []
    for trial in (trials.banking(DATA, trials.FULL), trials.clinc(DATA, trials.FULL)):
        topics = tuple(entry.wordings["en"].asked for entry in trial.known)
        found.append(Source(trial.name, "en", topics, ("",) * len(topics), strange, 0.12))
    return found


class Meaning:
    """Sentences as vectors, each made once."""

    def __init__(self, runner: Runner) -> None:
        self._embedding = LocalEmbedding.load()
        self._runner = runner
        self._known: dict[str, Floats] = {}

    def __call__(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for first in range(0, len(new), 256):
            some = new[first : first + 256]
            rows = self._runner.run(self._embedding.embed(some))
            self._known.update(zip(some, rows, strict=True))
        return np.array([self._known[text] for text in texts])


def drawn(draws: int, rng: random.Random, meaning: Meaning) -> Iterator[Asked]:
    known = sources()
    lexicons = {language: lexicon(language) for language in ("en", "es")}
    for draw in range(draws):
        source = rng.choices(known, [one.share for one in known])[0]
        size = min(rng.choice(SIZES), len(source.topics))
        chosen = rng.sample(range(len(source.topics)), size)
        entries, questions = base(source, chosen, rng)
        others = across(source, chosen, rng) if source.across else []
        asked = [
            (f"{entry.id}#{source.language}#{place}", text)
            for entry in entries
            for place, text in enumerate(entry.wordings[source.language].asked)
        ]
        names = [name for name, _ in asked]
        rows = meaning([text for _, text in asked])
        abroad = {"en": "es", "es": "en"}[source.language]
        for language, those in ((source.language, questions), (abroad, others)):
            if not those:
                continue
            tongue = Tongue(entries, language, lexicons)
            cosines = meaning([text for text, _ in those]) @ rows.T
            for (text, topic), row in zip(those, cosines, strict=True):
                near = {names[at]: float(row[at]) for at in np.argsort(-row)[:NEAREST].tolist()}
                yield Asked(
                    source.name,
                    draw,
                    text,
                    language,
                    topic,
                    language != source.language,
                    entries,
                    tongue,
                    near,
                )


def base(
    source: Source, chosen: Sequence[int], rng: random.Random
) -> tuple[tuple[Entry, ...], list[tuple[str, str]]]:
    """A knowledge base and questions, each with the id that is right or ""."""
    noise = Noise((text for topic in source.topics for text in topic), rng)
    most = rng.choice(EXAMPLES)
    bodies = bool(source.bodies) and rng.random() < BODIES
    entries, inside = [], []
    for topic in chosen:
        asked = list(source.topics[topic])
        if rng.random() < 0.7 and not source.name.startswith("shipped"):
            rng.shuffle(asked)
        first, *others = asked
        rng.shuffle(others)
        keep = max(1, min(most - rng.choice((0, 0, 1)), len(others) - 1))
        phrasings, held = others[: keep - 1], others[keep - 1 :]
        wording = Wording(first, tuple(phrasings), source.answers[topic])
        body = source.bodies[topic] if bodies else ""
        entries.append(Entry(str(topic), "any", {source.language: wording}, body))
        for text in rng.sample(held, min(2, len(held))):
            before, after = rng.choice((("", ""), ("", ""), rng.choice(POLITE[source.language])))
            said = f"{before}{text}{after}"
            inside.append((noise(said, 0.1) if rng.random() < MISHEARD else said, str(topic)))
        if source.talk and rng.random() < TALK:
            said = rng.choice(source.talk[topic])
            inside.append((noise(said, 0.1) if rng.random() < MISHEARD else said, str(topic)))
        if rng.random() < 0.3:
            before, after = rng.choice(POLITE[source.language])
            inside.append((f"{before}{rng.choice((first, *phrasings))}{after}", str(topic)))
    inside = rng.sample(inside, min(len(inside), 90))
    count = max(3, round(len(inside) * STRANGE / (1 - STRANGE)))
    beside = _beside(source.topics, chosen, round(count * BESIDE), rng)
    outside = rng.sample(source.foreign, count - len(beside)) + beside
    return tuple(entries), inside + [(text, "") for text in outside]


def across(source: Source, chosen: Sequence[int], rng: random.Random) -> list[tuple[str, str]]:
    """The same entries asked in the other language."""
    topics = rng.sample(chosen, min(len(chosen), ACROSS))
    inside = [(rng.choice(source.across[topic]), str(topic)) for topic in topics]
    count = max(2, round(len(inside) * STRANGE / (1 - STRANGE)))
    beside = _beside(source.across, chosen, round(count * BESIDE), rng)
    outside = rng.sample(source.strangers, count - len(beside)) + beside
    return inside + [(text, "") for text in outside]


def _beside(
    topics: Sequence[Sequence[str]], chosen: Sequence[int], count: int, rng: random.Random
) -> list[str]:
    rest = [topic for topic in range(len(topics)) if topic not in set(chosen)]
    return [rng.choice(topics[topic]) for topic in rng.sample(rest, min(len(rest), count))]


@dataclass(frozen=True, slots=True)
class Seen:
    """A question as its index sees it."""

    asked: Asked
    look: Look
    right: int
    """Which of the candidates is; -1: none."""

    @property
    def features(self) -> NDArray[np.float64]:
        return self.look.features.astype(np.float64)


def seen(asked: Asked, *, near: bool) -> Seen | None:
    """None where a rule decides, or nothing is shared."""
    reading = lexicon(asked.language).read(asked.text)
    look = asked.tongue.look(reading, asked.near if near else None)
    if look is None or asked.tongue.decides(reading):
        return None
    names = [asked.entries[entry].id for entry in look.entries]
    return Seen(asked, look, names.index(asked.topic) if asked.topic in names else -1)
