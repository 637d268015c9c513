"""Every contender on every trial, one after the other: none disturbs another's times."""

from asyncio import Runner
from collections.abc import Callable, Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.router import measure, trials
from benchmarks.router.baselines import Linear, Nearest, Ranked
from benchmarks.router.contender import Contender
from benchmarks.router.ours import FITTED, PLAIN, Meaning, Words
from benchmarks.router.report import Report
from benchmarks.router.sentences import Sentences
from knowledge.embedding.local import LocalEmbedding
from knowledge.entries import Entry
from knowledge.fitted import Fitted, content_hash
from knowledge.fitting import fit
from knowledge.index import Index

Tell = Callable[[str], None]
ALIKE = {"semantic-router, max", "semantic-router, sum"}
"""As fast as the mean."""


def run(data: Path, cache: Path, tell: Tell, *, quick: bool) -> Report:
    """`cache`: the file in which vectors are kept."""
    size = trials.QUICK if quick else trials.FULL
    report = Report(size.name)
    if not data.is_dir():
        report.notes.append(f"{data} is not there: the shipped content only")
    with threadpool_limits(1), Runner() as runner:
        sentences = Sentences(LocalEmbedding.load(), cache, runner)
        for trial in trials.trials(data, size):
            tell(f"{trial.name}: vectors")
            sentences.learn(trials.texts(trial))
            for contender in contenders(sentences, runner):
                tell(f"{trial.name}: {contender.name}")
                before = measure.calibrated(contender, trial)
                took = measure.learned(contender, trial)
                report.results += measure.quality(contender, trial, before)
                if contender.name not in ALIKE:
                    report.paces.append(measure.pace(contender, trial, size.timed, took))
    return report


def contenders(sentences: Sentences, runner: Runner) -> list[Contender]:
    """The last one is the router as it is installed."""
    nearest = [Nearest(sentences, how) for how in ("mean", "max", "sum")]
    plain: list[Contender] = [
        Words(Index.build, PLAIN),
        Meaning(Index.build, PLAIN, sentences, runner),
    ]
    built = Built(sentences)
    fitted: list[Contender] = [Words(built, FITTED), Meaning(built, FITTED, sentences, runner)]
    return [*nearest, Ranked(), Linear(), *plain, *fitted]


class Built:
    """Indexes with what was fitted to their content; the same content is fitted to once."""

    def __init__(self, sentences: Sentences) -> None:
        self._sentences = sentences
        self._known: dict[str, Fitted] = {}

    def __call__(self, entries: Sequence[Entry]) -> Index:
        key = content_hash(entries)
        if key not in self._known:
            self._known[key] = fit(entries, self._sentences.rows)
        return Index.build(entries, fitted=self._known[key])
