"""The index as a caller of one language meets it: the best entry and how sure it is."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledge import confidence
from knowledge.answers import Answer, Passage, Question, Told
from knowledge.confidence import ANOTHER, FOREIGN, FREE, UNLIKELY, Limit, Signals
from knowledge.contrast import LESS, Contrast, denies
from knowledge.cosine import Floats
from knowledge.embedding import Near
from knowledge.entries import Entry
from knowledge.fitted import Fit
from knowledge.nearness import Whose
from knowledge.passages import Passages, Pieces
from knowledge.ranking import BY_WORDS, FEATURES, RANKING
from knowledge.similarity import Asked, Likeness, Row, Table
from knowledge.words import ASPECT, Lexicon, Reading

_FIRST = np.array((1.0, 3.0, 3.0), dtype=np.float32)
"""Weights of topic and usual likeness, by which the candidates are chosen."""
_CANDIDATES = 4
"""Entries whose phrasings are compared one by one."""
_FEWEST = 2
_ROWS = 220
"""Phrasings that are compared, about: large entries make fewer candidates."""
_NEAREST = 3
"""Entries that are candidates because they are nearest in meaning."""
_LEARNED = 2
"""Entries that are candidates because a linear model says so."""
_MANY = 20
"""Phrasings of an entry of which one alone says little."""
_LACKS = 0.2
"""Share of an entry's phrasings that do nothing but deny, from which it is about something that is
not there: a card that did not come, a bill that cannot be paid."""
_FAR = 10.0
"""Score by which a best entry leads when nothing else comes near."""
_ANSWERED = 0.6
"""What a word counts that stands in an entry's answer only."""
_TOLD = 0.3
"""What a word counts that stands in an entry's body only."""
_CLOSEST = FEATURES.index("near")
_CLEARLY = (0.05, 0.0)
"""Cosine by which an entry has to be nearer than what no entry answers; one that is told in another
language, and never as near."""
_WORDS, _NEAR, _ACROSS = range(3)


class Look(NamedTuple):
    """The entries that come near a question, and what speaks for each."""

    asked: Asked
    entries: list[int]
    likeness: Likeness
    """Less alike, where the row says something else."""
    differs: NDArray[np.bool_] | None
    """Per row; None where none does."""
    features: Floats
    """A row for each of `FEATURES`, a column per entry."""
    near: bool
    """Whether meaning was measured: the last two rows are there."""
    nobodys: float
    """Cosine of the nearest sentence that no entry answers; 0: none was found near."""
    reading: Reading
    """The question."""
    learned: Floats | None
    """Per entry: what a linear model says."""
    meant: Near
    """What lies near in meaning; empty where that was not measured."""


class Match(NamedTuple):
    """The best entry for a question."""

    entry: int
    kind: int
    """Of the trees that its probability comes from."""
    probability: float
    look: Look
    fixed: bool
    """A rule set the probability, not the signals."""
    differing: bool = False
    """Another question, by a rule."""


class Tongue:
    """All entries; those without this language stand in another."""

    def __init__(
        self,
        entries: Sequence[Entry],
        language: str,
        lexicons: Mapping[str, Lexicon],
        documents: Pieces | None = None,
        fit: Fit | None = None,
    ) -> None:
        self._entries = tuple(entries)
        self._spoken = tuple(_spoken(entry, language) for entry in entries)
        self._foreign = [spoken != language for spoken in self._spoken]
        pieces = documents.documents if documents is not None else ()
        self._also = [
            lexicons[other]
            for other in sorted({piece.language for piece in pieces} - {language})
            if other in lexicons
        ]
        rows, topics = [], []
        for number, (entry, spoken) in enumerate(zip(entries, self._spoken, strict=True)):
            wording, words = entry.wordings[spoken], lexicons[spoken]
            rows += [Row(number, words.read(text)) for text in wording.asked]
            topics.append(_topic(entry, spoken, lexicons))
        self._fit = fit
        self.table = Table(rows, topics, fit.linear if fit is not None else None)
        self._counts: list[int] = self.table.counts.tolist()
        self._each = (1.0 / self.table.counts).astype(np.float32)
        self._passages = Passages(entries, self._spoken, lexicons, documents or ())
        self._verbatim = _by(rows, lambda reading: reading.plain)
        self._same = _by(rows, _telling)
        self._contrast = Contrast(
            [row.reading for row in rows], [self._foreign[row.entry] for row in rows]
        )
        most = max(_FEWEST, min(_CANDIDATES, round(_ROWS * len(entries) / len(rows))))
        self._most = min(most, len(entries))
        self._whose = Whose(entries)
        lacking = np.bincount(self.table.owners, [denies(row.reading) for row in rows])
        self._lacks: list[bool] = (lacking * self._each >= _LACKS).tolist()

    def best(self, question: Question, reading: Reading, near: Near | None = None) -> Answer | None:
        """`reading`: of the question's text."""
        match = self.match(reading, near)
        if match is None:
            return None
        entry, spoken = self._entries[match.entry], self._spoken[match.entry]
        return Answer(
            text=entry.wordings[spoken].answer,
            confidence=confidence.heard(match.probability, question.heard),
            entry=entry.id,
            department=entry.department,
            language=spoken,
            protected=entry.protected,
            passages=self._told(reading, question.text, match),
            interval=self._interval(match),
            differing=match.differing,
            calibrated=self._fit is not None and entry.department in self._fit.departments,
        )

    def decides(self, reading: Reading) -> bool:
        """Whether a rule tells what this is, and no signal."""
        return reading.plain in self._verbatim or _telling(reading) in self._same

    def says(self, reading: Reading) -> bool:
        """Whether this is word for word a known phrasing."""
        return reading.plain in self._verbatim

    def match(self, reading: Reading, near: Near | None = None) -> Match | None:
        verbatim = self._verbatim.get(reading.plain, frozenset())
        look = self.look(reading, near, min(verbatim, default=-1))
        if look is None:
            return None
        scores = self.scores(look)
        at = 0 if verbatim else scores.index(max(scores))
        entry = look.entries[at]
        kind = self.kind(entry, look.near)
        if verbatim:
            return Match(entry, kind, confidence.VERBATIM / len(verbatim), look, fixed=True)
        signals, limit = self.signals(look, scores, at)
        same = self._same.get(_telling(reading), frozenset())
        chance = confidence.chance(self.odds(signals, kind))
        if entry in same and not limit.differing:
            chance = max(chance, confidence.SAME_WORDS / len(same))
            return Match(entry, kind, chance, look, fixed=True)
        most = limit.most
        # no word of another language is known: there the trees, with meaning alone, decide; and
        # what was fitted to this content has seen how little may be enough for it
        if kind != _ACROSS and self._fitted(kind) is None:
            most = min(most, confidence.ceiling(signals))
        return Match(entry, kind, min(chance, most), look, chance > most, limit.differing)

    def look(self, reading: Reading, near: Near | None = None, always: int = -1) -> Look | None:
        """None where nothing at all is shared; `always`: an entry that comes first anyway."""
        asked = self.table.ask(reading)
        nearness, least = self._whose.nearness(near) if near else ({}, 0.0)
        first: Floats = _FIRST @ asked.near
        if always >= 0:
            first[always] = np.inf
        entries = [int(first.argmax())]
        if first.item(entries[0]) <= 0.0 and not nearness:
            return None
        while len(entries) < self._most:
            first[entries[-1]] = -np.inf
            entries.append(int(first.argmax()))
        more = list(nearness)[:_NEAREST]
        if asked.learned is not None:
            more += asked.learned.argsort()[-_LEARNED:].tolist()
        entries += [one for one in dict.fromkeys(more) if one not in entries]
        likeness = self.table.compare(asked, entries)
        differs = self._contrast.of(reading, likeness.rows)
        rows = likeness.measures
        if differs is not None:
            np.multiply(rows[0], 1 - LESS, out=rows[0], where=differs)
        chosen = np.array(entries, dtype=np.intp)
        most = np.maximum.reduceat(rows, likeness.firsts, axis=1)
        usual = np.add.reduceat(rows, likeness.firsts, axis=1)
        usual *= self._each.take(chosen)
        features = [most, usual, asked.near.take(chosen, axis=1)]
        if nearness:
            pairs = [nearness.get(entry, (least, 0.0)) for entry in entries]
            features.append(np.array(pairs, dtype=np.float32).T)
        measured = np.concatenate(features)
        return Look(
            asked,
            entries,
            likeness,
            differs,
            measured,
            near=bool(nearness),
            nobodys=self._whose.nobodys(near) if near else 0.0,
            reading=reading,
            learned=asked.learned.take(chosen) if asked.learned is not None else None,
            meant=near or {},
        )

    def scores(self, look: Look, fit: Fit | None = None) -> list[float]:
        """What speaks for each candidate, any number; `fit`: in place of its own."""
        fit = fit or self._fit
        if not look.near:
            scores = BY_WORDS @ look.features
        else:
            kinds = [self.kind(entry, look.near) for entry in look.entries]
            scores = np.einsum("ef,fe->e", RANKING[kinds], look.features)
        if look.learned is not None and fit is not None:
            part = fit.learned[_NEAR if look.near else _WORDS]
            scores = scores + look.learned * np.float32(part)
        told: list[float] = scores.tolist()
        return told

    def signals(self, look: Look, scores: list[float], at: int) -> tuple[Signals, Limit]:
        """Of the candidate there; and what likeness cannot raise its probability above."""
        likeness, entry = look.likeness, look.entries[at]
        first, examples = likeness.firsts[at], self._counts[entry]
        row = first + int(likeness.measures[0, first : first + examples].argmax())
        unlike = self.table.unlike(look.asked, entry, self._row(look, at, row))
        best = scores[at]
        following = max([score for n, score in enumerate(scores) if n != at] or [0.0])
        of = look.features[:, at].tolist()
        alike, held, known, _ = likeness.measures[:, row].tolist()
        learned, leads = 0.0, 0.0
        if look.learned is not None:
            told = look.learned.tolist()
            learned = told.pop(at)
            leads = learned - max(told, default=0.0)  # the most learned are all candidates
        nearest, nearer, around = 0.0, 0.0, 0.0
        if look.near:
            nearest, around = of[11], of[12]
            nearer = nearest - float(np.delete(look.features[11], at).max(initial=0.0))
        signals = Signals(
            asked=held,
            known=known,
            alike=alike,
            letters=of[9],
            turns=of[3],
            manner=of[10],
            topic=of[8],
            usual=of[4],
            share=1.0 / sum([exp(max(score - best, -50.0)) for score in scores]),
            margin=min(max((best - following) / _FAR, 0.0), 1.0),
            score=best,
            held=unlike.held,
            strange=look.asked.strange,
            swapped=unlike.swapped,
            replaced=unlike.replaced,
            examples=float(examples),
            entries=float(len(self._entries)),
            words=float(len(look.asked.weights)),
            mass=look.asked.mass,
            near=nearest,
            nearer=nearer,
            around=around,
            learned=learned,
            leads=leads,
            clear=nearest - look.nobodys if look.near and look.nobodys else 0.0,
        )
        limit = self._limit(look, at, row)
        return (signals._replace(differing=1.0) if limit.differing else signals), limit

    def _limit(self, look: Look, at: int, row: int) -> Limit:
        """What differs is not the same question. `row`: of the candidates', the most alike."""
        entry, first = look.entries[at], look.likeness.firsts[at]
        examples = self._counts[entry]
        fitted = self._fitted(self.kind(entry, look.near)) is not None
        another = ANOTHER if fitted or examples >= _MANY else UNLIKELY
        if denies(look.reading) and not self._lacks[entry]:
            return another
        if look.differs is not None:
            differs = look.differs[first : first + examples]
            alike = look.likeness.measures[0, first : first + examples]
            rows, meant = look.likeness.rows[at], self._cosines(look, entry)
            if self._contrast.another(look.reading, rows, differs, alike, meant):
                return another
        least = look.nobodys + _CLEARLY[self._foreign[entry]]
        if look.near and look.features[_CLOSEST, at] < least:
            return ANOTHER if fitted else UNLIKELY
        if self._foreign[entry]:
            return FREE if look.near else FOREIGN
        known = self._row(look, at, row)
        if examples < _MANY and self.table.substituted(look.asked, entry, known):
            return another
        return FREE

    def _cosines(self, look: Look, entry: int) -> Floats | None:
        """Of the entry's phrasings, those that lie near in meaning; None where nothing does."""
        if not look.near:
            return None
        name, near = f"{self._entries[entry].id}#{self._spoken[entry]}#", look.meant
        places = range(self._counts[entry])
        return np.array([near.get(f"{name}{place}", 0.0) for place in places], dtype=np.float32)

    def _row(self, look: Look, at: int, row: int) -> int:
        """The table's number of a row of the candidate there."""
        start: int = look.likeness.rows[at].start
        return start + row - look.likeness.firsts[at]

    def odds(self, signals: Signals, kind: int) -> float:
        """The logarithm of right to wrong."""
        odds = confidence.trees(confidence.TREES[kind]).odds(signals)
        fit = self._fitted(kind)
        return fit.odds(signals, odds, kind) if fit else odds + confidence.EXPECTED

    def _fitted(self, kind: int) -> Fit | None:
        return self._fit if self._fit is not None and kind in self._fit.curves else None

    def kind(self, entry: int, near: bool) -> int:
        if not near:
            return _WORDS
        return _ACROSS if self._foreign[entry] else _NEAR

    def _told(self, reading: Reading, text: str, match: Match) -> Told:
        entries, features, entry = match.look.entries, match.look.features, match.entry

        def look() -> tuple[Passage, ...]:
            likeness = np.zeros(len(self._entries), dtype=np.float32)
            likeness[entries] = (features[0] + features[8]) / np.float32(2)
            also = [lexicon.read(text) for lexicon in self._also]
            return self._passages.best(reading, likeness, entry, also=also)

        return Told(look)

    def _interval(self, match: Match) -> tuple[float, float]:
        if match.fixed:
            return 0.0, 1.0
        if self._fit is not None and match.kind in self._fit.bounds:
            return self._fit.bounds[match.kind].around(match.probability)
        return confidence.trees(confidence.TREES[match.kind]).bounds.around(match.probability)


def _spoken(entry: Entry, language: str) -> str:
    """The language in which this entry serves callers of another."""
    if language in entry.wordings:
        return language
    return "en" if "en" in entry.wordings else next(iter(entry.wordings))


def _topic(entry: Entry, spoken: str, lexicons: Mapping[str, Lexicon]) -> dict[str, float]:
    """The stems of an entry's longer texts and what they count."""
    told = "en" if "en" in entry.wordings else spoken
    stems = {}
    if told == spoken:
        stems = {word.stem: _TOLD for word in lexicons[told].read_all(entry.body)}
    answer = lexicons[spoken].read_all(entry.wordings[spoken].answer)
    return stems | {word.stem: _ANSWERED for word in answer}


def _telling(reading: Reading) -> str:
    """The words said, "" where none of them says much."""
    for word in reading.words:
        if word.weight >= ASPECT:
            return reading.said
    return ""


def _by(rows: Iterable[Row], key: Callable[[Reading], str]) -> dict[str, frozenset[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        found[key(row.reading)].add(row.entry)
    found.pop("", None)
    return {text: frozenset(entries) for text, entries in found.items()}
