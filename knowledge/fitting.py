"""Fits the index to one content: `python -m knowledge.fitting --out FILE [--knowledge DIR]`.

Runs in a process of its own, as nice as it can be: no worker loads scikit-learn (160 MB). Every
phrasing is held out once, with its near twins, and asked of an index that never saw it, as written
and misheard; with it the shipped questions that nobody could answer. Exit 0: fitted. Exit 3:
scikit-learn is not installed, and the shipped coefficients serve.
"""

import argparse
import os
import random
import sys
from asyncio import Runner
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np

from knowledge import confidence
from knowledge.calibration import Bounds
from knowledge.cosine import Floats
from knowledge.embedding import NEAREST, Near, spoken
from knowledge.entries import Entry
from knowledge.fitted import Fit, Fitted, content_hash, weighed
from knowledge.linear import Linear
from knowledge.noise import Noise
from knowledge.similarity import Table
from knowledge.tongue import Look, Tongue
from knowledge.twins import splits
from knowledge.words import lexicon

FOLDS = 5
SEED = 1
MISHEARD = 0.1
"""Share of the words in the misheard half of the questions."""
TAUGHT = 8
"""Phrasings per entry, on average, from which a linear model is learned."""
LARGEST = 30_000_000
"""Weights that a linear model may have."""
ENOUGH = 60
"""Held-out phrasings of a department from which its probabilities count as calibrated."""
STRANGE = 0.1
"""Share of the questions, by weight, that nothing answers."""
MISSING = 3
"""Exit code without scikit-learn."""
Embed = Callable[[Sequence[str]], Floats]
"""Rows of length 1."""


@dataclass(frozen=True, slots=True)
class Held:
    """A held-out question as an index sees it that never saw it before."""

    look: Look
    tongue: Tongue
    right: int
    """Which of the candidates is; -1: none."""
    inside: bool
    department: str
    clean: bool


def fit(entries: Sequence[Entry], embed: Embed | None = None) -> Fitted:
    """Raises ImportError without scikit-learn. `embed`: where vectors will be asked too."""
    languages = sorted({language for entry in entries for language in entry.wordings})
    fits = {}
    for language in languages:
        told = [entry for entry in entries if language in entry.wordings]
        if len(told) > 1:
            fits[language] = _fit(entries, language, embed)
    return Fitted(content_hash(entries), fits)


def _fit(entries: Sequence[Entry], language: str, embed: Embed | None) -> Fit:
    rng = random.Random(SEED)
    kinds = (0, 1) if embed is not None else (0,)
    held: dict[int, list[Held]] = {kind: [] for kind in kinds}
    for known, cases in splits(entries, language, FOLDS, rng):
        asked = [(case.text, case.entry) for case in cases]
        asked += [(text, "") for text in _strangers(language)[len(held[0]) % 2 :: 2]]
        for kind in kinds:
            held[kind] += _asked(known, asked, language, rng, embed if kind else None)
    linear = learn(_table(entries, language))
    parts = [_part(held.get(kind, [])) if linear is not None else 0.0 for kind in (0, 1)]
    plain = Fit(linear, (parts[0], parts[1]), {}, {})
    curves, bounds = {}, {}
    for kind in kinds:
        curves[kind], bounds[kind] = _curve(held[kind], plain, kind)
    counted = Counter(one.department for one in held[0] if one.inside and one.clean)
    enough = frozenset(name for name, count in counted.items() if count >= ENOUGH)
    return Fit(linear, plain.learned, curves, bounds, enough)


def learn(table: Table) -> Linear | None:
    """A linear support vector machine over all phrasings; None where they are few."""
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415 (160 MB)
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    pairs, turns = table.features
    size = (pairs.size + turns.size) * table.entries
    if len(table.owners) < TAUGHT * table.entries or size > LARGEST or table.entries < 3:
        return None
    rows = len(table.owners)
    halves = [csr_matrix((of.values, (of.owners, of.ids)), (rows, of.size)) for of in (pairs, turns)]
    machine = LinearSVC(C=0.5).fit(hstack(halves).tocsr(), table.owners)
    weights = machine.coef_.T.astype(np.float16)
    return Linear(
        weights[: pairs.size], weights[pairs.size :], machine.intercept_.astype(np.float32)
    )


def _table(entries: Sequence[Entry], language: str) -> Table:
    return _tongue(entries, language, None).table


def _tongue(entries: Sequence[Entry], language: str, linear: Linear | None) -> Tongue:
    lexicons = {of: lexicon(of) for entry in entries for of in (language, "en", *entry.wordings)}
    return Tongue(entries, language, lexicons, fit=Fit(linear, (0.0, 0.0), {}, {}))


def _asked(
    known: Sequence[Entry],
    asked: Sequence[tuple[str, str]],
    language: str,
    rng: random.Random,
    embed: Embed | None,
) -> Iterator[Held]:
    tongue = _tongue(known, language, learn(_table(known, language)))
    noise = Noise((text for entry in known for text in entry.wordings[language].asked), rng)
    places = {entry.id: number for number, entry in enumerate(known)}
    heard = [(text, entry, True) for text, entry in asked]
    heard += [(noise(text, MISHEARD), entry, False) for text, entry in asked]
    nears = _nears(known, language, [text for text, _, _ in heard], embed)
    for (text, entry, clean), near in zip(heard, nears, strict=True):
        reading = lexicon(language).read(text)
        look = tongue.look(reading, near)
        if look is None or tongue.decides(reading):
            continue
        place = places.get(entry, -1)
        right = look.entries.index(place) if place in look.entries else -1
        department = known[place].department if place >= 0 else ""
        yield Held(look, tongue, right, bool(entry), department, clean)


def _nears(
    known: Sequence[Entry], language: str, texts: Sequence[str], embed: Embed | None
) -> list[Near | None]:
    if embed is None:
        return [None] * len(texts)
    asked = [
        (f"{entry.id}#{of}#{place}", text)
        for entry in known
        for of, wording in entry.wordings.items()
        if of == language
        for place, text in enumerate(wording.asked)
    ]
    cosines = embed([spoken(text) for text in texts]) @ embed([text for _, text in asked]).T
    nearest = np.argpartition(-cosines, min(NEAREST, len(asked)) - 1)[:, :NEAREST]
    return [
        {asked[at][0]: float(row[at]) for at in best.tolist()}
        for row, best in zip(cosines, nearest, strict=True)
    ]


def _part(held: Sequence[Held]) -> float:
    """What the linear model counts beside the shipped ranking: as the candidates tell."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    rows, right, weights = [], [], []
    for one in held:
        if one.right < 0 or one.look.asked.learned is None or len(one.look.entries) < 2:
            continue
        scores = np.array(one.tongue.scores(one.look))
        learned = one.look.asked.learned[one.look.entries]
        for at in range(len(scores)):
            if at != one.right:
                rows.append(
                    (scores[one.right] - scores[at], learned[one.right] - learned[at])
                )
                weights.append(1.0 / (len(scores) - 1))
    if not rows:
        return 0.0
    pairs = np.array(rows)
    both = np.concatenate((pairs, -pairs))
    right = np.repeat((1, 0), len(pairs))
    known = LogisticRegression(C=10.0, fit_intercept=False).fit(
        both, right, sample_weight=np.tile(weights, 2)
    )
    shipped, new = known.coef_[0]
    return float(np.clip(new / max(shipped, 1e-3), 0.0, 100.0))


def _curve(held: Sequence[Held], plain: Fit, kind: int) -> tuple[Floats, Bounds]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import cross_val_predict  # noqa: PLC0415

    rows, right, inside = [], [], []
    for one in held:
        scores = one.tongue.scores(one.look, plain)
        at = scores.index(max(scores))
        signals, row = one.tongue.signals(one.look, scores, at)
        if one.look.differs is not None and one.look.differs[row]:
            continue
        shipped = confidence.trees(confidence.TREES[kind]).odds(signals)
        rows.append(weighed(signals, shipped))
        right.append(at == one.right)
        inside.append(one.inside)
    signals_, right_, inside_ = np.array(rows), np.array(right), np.array(inside)
    strange = STRANGE / (1 - STRANGE) * inside_.sum() / max((~inside_).sum(), 1)
    weights = np.where(inside_, 1.0, min(strange, 1.0))
    machine = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000)
    chances = cross_val_predict(
        machine, signals_, right_, cv=5, method="predict_proba", params={"sample_weight": weights}
    )[:, 1]
    curve: Floats = machine.fit(signals_, right_, sample_weight=weights).coef_[0].astype(np.float32)
    return curve, Bounds.of(chances.tolist(), right_.tolist())


def _strangers(language: str) -> list[str]:
    """What people say to nobody in particular, as the shipped file has it."""
    file = resources.files("knowledge") / "out_of_scope" / f"{language}.txt"
    if not language.isalpha() or not file.is_file():
        return []
    return file.read_text(encoding="utf-8").splitlines()


def main(arguments: Sequence[str] | None = None) -> int:
    from knowledge.embedding.local import EmbeddingMissing, LocalEmbedding  # noqa: PLC0415
    from knowledge.ingest import ingest, shipped  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m knowledge.fitting", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--knowledge", type=Path, help="the content; without it, the shipped one")
    parser.add_argument("--near", action="store_true", help="with the built-in embedding")
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
                print(error, file=sys.stderr)
        try:
            fitted = fit(content.entries, embed)
        except ImportError:
            print("scikit-learn is not installed: install answerline[fit]; the shipped coefficients serve", file=sys.stderr)
            return MISSING
    fitted.save(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
