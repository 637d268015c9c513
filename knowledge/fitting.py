"""Fits the index to one content: `python -m knowledge.fitting --out FILE [--knowledge DIR]`.

Runs in a process of its own, as nice as it can be: no worker loads scikit-learn (160 MB). Every
phrasing is held out once, with its near twins, and asked of an index that never saw it, as written
and misheard; with it the shipped questions that nobody could answer. Where enough of the phrasings
are callers' own, these alone tell how sure an answer is. Exit 0: fitted. Exit 3: scikit-learn is
not installed, and the shipped coefficients serve.
"""

import argparse
import os
import random
import sys
from asyncio import Runner
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np

from knowledge import confidence
from knowledge.calibration import Bounds
from knowledge.confidence import FOREIGN, Limit, Signals
from knowledge.cosine import Floats
from knowledge.embedding import NEAREST, SURE, Near, spoken
from knowledge.embedding.vectors import compared, own
from knowledge.entries import Entry
from knowledge.evaluation import Case
from knowledge.fitted import NEAR, SHIPPED, WORDS, Fit, Fitted, content_hash, fittable, weighed
from knowledge.linear import Linear
from knowledge.noise import Noise
from knowledge.outside import strangers
from knowledge.similarity import Table
from knowledge.tongue import Look, Tongue
from knowledge.twins import splits
from knowledge.words import lexicon

FOLDS = 10
"""Of fewer an index would know too little: what it is asked later it has all phrasings for."""
QUICK = 1000
"""Phrasings of a language that are held out, about, where somebody waits for the fit."""
_FEWEST_FOLDS = 2
SEED = 1
MISHEARD = 0.1
"""Share of the words in the misheard half of the questions."""
TAUGHT = 5
"""Phrasings per entry, on average, from which a linear model is learned."""
LARGEST = 30_000_000
"""Weights that a linear model may have."""
ENOUGH = 60
"""Held-out phrasings of a department from which its probabilities count as calibrated."""
CALLERS = 200
"""Sentences of callers in a language from which these say how sure an answer is, not phrasings."""
STRANGE = 0.1
"""Share of the questions, by weight, that nothing answers."""
_FEWEST = 3
"""Entries that a linear model is worth while for."""
MISSING = 3
"""Exit code without scikit-learn."""
_LITTLE, _MOST = 1e-3, 100.0
Embed = Callable[[Sequence[str]], Floats]
"""Rows of length 1."""


class Remembered:
    """Nothing is embedded twice: most phrasings are known to every part."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._rows: dict[str, Floats] = {}

    def __call__(self, texts: Sequence[str]) -> Floats:
        new = list(dict.fromkeys(text for text in texts if text not in self._rows))
        if new:
            self._rows.update(zip(new, self._embed(new), strict=True))
        return np.stack([self._rows[text] for text in texts])


@dataclass(frozen=True, slots=True)
class Held:
    """A held-out question as an index sees it that never saw it before."""

    asked: Case
    """As it was written."""
    tongue: Tongue
    looks: Mapping[int, Look]
    """By words alone, and with vectors."""
    entry: int
    """The right one; -1: none is."""
    department: str
    clean: bool

    def right(self, kind: int) -> int:
        """Which of the candidates is; -1: none."""
        entries = self.looks[kind].entries
        return entries.index(self.entry) if self.entry in entries else -1


def fit(entries: Sequence[Entry], embed: Embed | None = None, *, most: int | None = None) -> Fitted:
    """Raises ImportError without scikit-learn. `embed`: where vectors will be asked too.

    `most`: phrasings of a language that are held out, about; None: each of them.
    """
    embed = Remembered(embed) if embed is not None else None
    fits = {language: _fit(entries, language, embed, most) for language in fittable(entries)}
    return Fitted(content_hash(entries), fits, whole=most is None)


def _fit(entries: Sequence[Entry], language: str, embed: Embed | None, most: int | None) -> Fit:
    rng = random.Random(SEED)  # noqa: S311 (the same content is fitted the same)
    held: list[Held] = []
    unknown = strangers(language)
    callers = {
        (entry.id, text)
        for entry in entries
        if language in entry.wordings
        for text in entry.wordings[language].callers
    }
    folds = _folds(entries, language, most)
    for number, (known, cases) in enumerate(islice(splits(entries, language, FOLDS, rng), folds)):
        if not known:
            continue  # so little content that a part of it is all of it
        strange = [Case(text, "", language) for text in unknown[number::folds]]
        held += _asked(known, (*cases, *strange), language, rng, embed)
    kinds = (WORDS,) if embed is None else (WORDS, NEAR)
    linear = learn(_tongue(entries, language).table)
    parts = [_part(held, kind) if linear and kind in kinds else 0.0 for kind in (WORDS, NEAR)]
    fit = Fit(linear, (parts[0], parts[1]), {}, {}, _departments(held))
    # a phrasing tries to say what the others do not: that is harder
    if len(callers) * folds >= CALLERS * FOLDS:
        held = [
            one for one in held if one.entry < 0 or (one.asked.entry, one.asked.text) in callers
        ]
    for kind in kinds:
        curve, bounds = _curve(held, fit, kind)
        fit = replace(fit, curves={**fit.curves, kind: curve}, bounds={**fit.bounds, kind: bounds})
    return fit


def _folds(entries: Sequence[Entry], language: str, most: int | None) -> int:
    """How many of them are asked."""
    told = sum(len(one.wordings[language].asked) for one in entries if language in one.wordings)
    if most is None or told <= most:
        return FOLDS
    return max(_FEWEST_FOLDS, round(FOLDS * most / told))


def _departments(held: Sequence[Held]) -> frozenset[str]:
    counted = Counter(one.department for one in held if one.entry >= 0 and one.clean)
    return frozenset(name for name, count in counted.items() if count >= ENOUGH)


def learn(table: Table) -> Linear | None:
    """A linear support vector machine over all phrasings; None where they are few."""
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415 (160 MB)
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    pairs, turns = table.features
    size = (pairs.size + turns.size) * table.entries
    if len(table.owners) < TAUGHT * table.entries or size > LARGEST or table.entries < _FEWEST:
        return None
    rows = len(table.owners)
    halves = [
        csr_matrix((of.values, (of.owners, of.ids)), (rows, of.size)) for of in (pairs, turns)
    ]
    machine = LinearSVC(C=0.5).fit(hstack(halves).tocsr(), table.owners)
    weights = machine.coef_.T.astype(np.float16)
    return Linear(
        weights[: pairs.size],
        weights[pairs.size :].astype(np.float32),
        machine.intercept_.astype(np.float32),
    )


def _tongue(entries: Sequence[Entry], language: str) -> Tongue:
    spoken = {language, "en", *(of for entry in entries for of in entry.wordings)}
    return Tongue(entries, language, {of: lexicon(of) for of in spoken})


def _asked(
    known: Sequence[Entry],
    asked: Sequence[Case],
    language: str,
    rng: random.Random,
    embed: Embed | None,
) -> Iterator[Held]:
    tongue = _tongue(known, language)
    tongue.table.teach(learn(tongue.table))
    noise = Noise((text for entry in known for text in entry.wordings[language].asked), rng)
    places = {entry.id: number for number, entry in enumerate(known)}
    heard = [(case.text, case, True) for case in asked]
    heard += [(noise(case.text, MISHEARD), case, False) for case in asked]
    strange = {case.text for case in asked if not case.entry}
    nears = _nears(known, language, [text for text, _, _ in heard], strange, embed)
    for (text, case, clean), near in zip(heard, nears, strict=True):
        reading = lexicon(language).read(text)
        by_words = tongue.look(reading)
        if by_words is None or tongue.decides(reading):
            continue
        looks = {WORDS: by_words}
        if near is not None and (by_meaning := tongue.look(reading, near)) is not None:
            looks[NEAR] = by_meaning
        place = places.get(case.entry, -1)
        department = known[place].department if case.entry else ""
        yield Held(case, tongue, looks, place, department, clean)


def _nears(
    known: Sequence[Entry],
    language: str,
    texts: Sequence[str],
    strange: Container[str],
    embed: Embed | None,
) -> list[Near | None]:
    """`strange`: what is asked and nobody answers; the index knows the rest of these."""
    if embed is None:
        return [None] * len(texts)
    told = [
        replace(entry, wordings={language: entry.wordings[language]})
        for entry in known
        if language in entry.wordings
    ]
    asked = [one for one in compared(told) if one.text not in strange]
    rows = embed([one.text for one in asked])
    dropped = own([one.id for one in asked], rows)
    kept = [place for place, one in enumerate(asked) if one.id not in dropped]
    cosines = embed([spoken(text) for text in texts]) @ rows[kept].T
    nearest = np.argpartition(-cosines, min(NEAREST, len(kept)) - 1)[:, :NEAREST]
    return [
        {asked[kept[at]].id: float(row[at]) for at in best.tolist()}
        for row, best in zip(cosines, nearest, strict=True)
    ]


def _part(held: Sequence[Held], kind: int) -> float:
    """What the linear model counts beside the shipped ranking: as the candidates tell."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    rows: list[tuple[float, float]] = []
    weights: list[float] = []
    for one in held:
        look, right = one.looks[kind], one.right(kind)
        if right < 0 or look.asked.learned is None or len(look.entries) == 1:
            continue
        scores, learned = one.tongue.scores(look), look.asked.learned[look.entries].tolist()
        for at, (score, told) in enumerate(zip(scores, learned, strict=True)):
            if at != right:
                rows.append((scores[right] - score, learned[right] - told))
                weights.append(1.0 / (len(scores) - 1))
    if not rows:
        return 0.0
    pairs = np.array(rows)
    machine = LogisticRegression(C=10.0, fit_intercept=False).fit(
        np.concatenate((pairs, -pairs)),
        np.repeat((1, 0), len(pairs)),
        sample_weight=np.tile(weights, 2),
    )
    shipped, new = machine.coef_[0].tolist()
    return float(min(max(new / max(shipped, _LITTLE), 0.0), _MOST))


def _curve(held: Sequence[Held], fit: Fit, kind: int) -> tuple[Floats, Bounds]:
    """From the shipped trees' odds to this content's; vectors are asked where words are unsure."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import cross_val_predict  # noqa: PLC0415

    rows, right, inside = [], [], []
    asked = [one for one in held if kind == WORDS or _best(one, fit, WORDS)[2] < SURE]
    strange = sum(one.entry < 0 for one in asked)
    for one in asked:
        at, signals, _, limit = _best(one, fit, kind)
        if limit is FOREIGN:
            continue
        shipped = confidence.trees(confidence.TREES[kind]).odds(signals)
        rows.append(weighed(signals, shipped))
        right.append(at == one.right(kind))
        inside.append(one.entry >= 0)
    known, is_right = np.array(rows), np.array(right)
    each = STRANGE / (1 - STRANGE) * (len(asked) - strange) / max(strange, 1)
    weights = np.where(inside, 1.0, min(each, 1.0))
    if len(known) < ENOUGH or is_right.all() or not is_right.any():
        return np.eye(1, len(SHIPPED), 1, dtype=np.float32)[0], Bounds()
    machine = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000)
    chances = cross_val_predict(
        machine, known, is_right, method="predict_proba", params={"sample_weight": weights}
    )[:, 1]
    curve: Floats = machine.fit(known, is_right, sample_weight=weights).coef_[0]
    return curve.astype(np.float32), Bounds.of(chances.tolist(), is_right.tolist())


def _best(held: Held, fit: Fit, kind: int) -> tuple[int, Signals, float, Limit]:
    """The best candidate, its signals, how probable it is, and at most."""
    look = held.looks[kind]
    scores = held.tongue.scores(look, fit)
    at = scores.index(max(scores))
    signals, limit = held.tongue.signals(look, scores, at)
    odds = fit.odds(signals, confidence.trees(confidence.TREES[kind]).odds(signals), kind)
    return at, signals, confidence.chance(odds), limit


def main(arguments: Sequence[str] | None = None) -> int:
    from knowledge.embedding.local import EmbeddingMissing, LocalEmbedding  # noqa: PLC0415
    from knowledge.ingest import ingest, shipped  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m knowledge.fitting", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--knowledge", type=Path, help="the content; without it, the shipped one")
    parser.add_argument("--near", action="store_true", help="with the built-in embedding")
    parser.add_argument("--quick", action="store_true", help=f"hold out {QUICK} phrasings, no more")
    options = parser.parse_args(arguments)
    os.nice(19)
    content = ingest(options.knowledge or shipped(), date.today())  # noqa: DTZ011
    embed: Embed | None = None
    with Runner() as runner:
        if options.near:
            try:
                embedding = LocalEmbedding.load()
                embed = lambda texts: runner.run(embedding.embed(texts))  # noqa: E731
            except EmbeddingMissing as error:
                sys.stderr.write(f"{error}\n")
        try:
            fitted = fit(content.entries, embed, most=QUICK if options.quick else None)
        except ImportError:
            sys.stderr.write("scikit-learn is not installed (extra fit): the shipped trees serve\n")
            return MISSING
    fitted.save(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
