"""One contender on one trial: what it gets right, how well it knows, how long it takes."""

import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.router.contender import Contender, Guess, Platt
from benchmarks.router.trials import Trial
from knowledge.evaluation import (
    Case,
    Outcomes,
    by_luck,
    calibration_error,
    reach,
    threshold,
    told_apart,
    weights,
)
from knowledge.routing import Thresholds

STRANGE = 0.18
"""Share of the turns that nothing answers, where they are counted in: as in CLINC150's own test."""
CLEAN, MISHEARD = "clean", "misheard"


@dataclass(frozen=True, slots=True)
class Deployed:
    """At a threshold that was chosen before, on the calibration questions."""

    threshold: float
    answered: float
    """Share of the questions."""
    right: float | None
    """Of those answered; None where none was."""


@dataclass(frozen=True, slots=True)
class Result:
    """Shares in [0, 1] of the questions that some entry answers, unless it says otherwise."""

    trial: str
    condition: str
    contender: str
    ours: bool
    lexical: bool
    questions: int
    strangers: int
    accuracy: float
    error_raw: float
    """Expected calibration error of the contender's own confidence."""
    error: float
    """The same, calibrated; of our router, which needs no more, its own."""
    luck: float
    """The error that a true confidence would hardly exceed on so few questions."""
    answered_95: float
    """Could be answered without the model with so many right, by hindsight."""
    answered_98: float
    deployed_95: Deployed
    deployed_98: Deployed
    sure: Deployed
    """Where the confidence, calibrated, is at least the one that the service asks for."""
    mixed_95: float
    """As `answered_95`, of turns 18 % of which nothing answers."""
    mixed_error: float
    mixed_luck: float
    strangers_known: float
    """Share of them less sure than all but 5 % of the questions."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of one core for a decision, from words."""

    trial: str
    contender: str
    ours: bool
    lexical: bool
    learned: float
    p50: float
    p99: float
    per_second: float


def calibrated(contender: Contender, trial: Trial) -> Outcomes:
    """What it makes of the calibration questions, as long as it does not know them."""
    contender.learn(trial.fitting, trial.language)
    return _outcomes(contender, trial.calibration)


def learned(contender: Contender, trial: Trial) -> float:
    """In CPU seconds."""
    began = time.process_time()
    contender.learn(trial.known, trial.language)
    return time.process_time() - began


def quality(contender: Contender, trial: Trial, before: Outcomes) -> Iterator[Result]:
    """`before`: what it made of the calibration questions."""
    platt = Platt(before)
    chosen = {precision: threshold(before, precision) for precision in (0.95, 0.98)}
    for condition, cases in ((CLEAN, trial.asked), (MISHEARD, trial.misheard)):
        found = _outcomes(contender, cases)
        inside = found.of(found.inside)
        mixed = weights(found, STRANGE)
        told = found if contender.ours else _with(found, platt)
        yield Result(
            trial=trial.name,
            condition=condition,
            contender=contender.name,
            ours=contender.ours,
            lexical=contender.lexical,
            questions=len(inside.right),
            strangers=len(found.right) - len(inside.right),
            accuracy=float(inside.right.mean()),
            error_raw=calibration_error(inside),
            error=calibration_error(told.of(told.inside)),
            luck=by_luck(told.of(told.inside)),
            answered_95=reach(inside, 0.95),
            answered_98=reach(inside, 0.98),
            deployed_95=_deployed(inside, chosen[0.95]),
            deployed_98=_deployed(inside, chosen[0.98]),
            sure=_deployed(told.of(told.inside), Thresholds().answer),
            mixed_95=reach(found, 0.95, mixed),
            mixed_error=calibration_error(told, mixed),
            mixed_luck=by_luck(told, mixed),
            strangers_known=told_apart(found),
        )


def pace(contender: Contender, trial: Trial, count: int, took_to_learn: float) -> Pace:
    """In CPU seconds: a busy machine takes longer, not more of them."""
    texts = [case.text for case in trial.asked if case.entry][:: max(1, len(trial.asked) // count)]
    for text in texts[:20]:
        contender.guess(text)
    gc.collect()
    gc.freeze()  # as the service does
    took = []
    for text in texts:
        began = time.process_time()
        contender.guess(text)
        took.append(time.process_time() - began)
    gc.unfreeze()
    p50, p99 = np.percentile(took, (50, 99))
    return Pace(
        trial=trial.name,
        contender=contender.name,
        ours=contender.ours,
        lexical=contender.lexical,
        learned=took_to_learn,
        p50=float(p50),
        p99=float(p99),
        per_second=len(took) / sum(took),
    )


def _outcomes(contender: Contender, cases: Sequence[Case]) -> Outcomes:
    return compared(contender.guess_all([case.text for case in cases]), cases)


def compared(guesses: Sequence[Guess], cases: Sequence[Case]) -> Outcomes:
    both = list(zip(guesses, cases, strict=True))
    return Outcomes(
        confidence=np.array([guess.confidence for guess in guesses], np.float64),
        right=np.array([bool(case.entry) and guess.entry == case.entry for guess, case in both]),
        inside=np.array([bool(case.entry) for case in cases]),
        spoken=np.zeros(len(cases), np.bool_),
        barred=np.array([guess.barred for guess in guesses], np.bool_),
        seconds=np.zeros(len(cases)),
    )


def _with(found: Outcomes, platt: Platt) -> Outcomes:
    return replace(found, confidence=platt(found.confidence))


def _deployed(inside: Outcomes, least: float) -> Deployed:
    answered = (inside.confidence >= least) & ~inside.barred
    right = float(inside.right[answered].mean()) if answered.any() else None
    return Deployed(least, float(answered.mean()), right)
