"""Experiments on thresholds, indexes and models: who takes part in which arm, and who is ahead.

A call's arm follows from its id alone, so every worker and every turn agree. The comparison may be
looked at after every call (mixture sequential probability ratio test: Robbins 1970; Johari et al.,
"Always Valid Inference", arXiv 1512.04922), so stopping early invents no difference.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from typing import Any, Literal, TypeGuard

from knowledge.accuracy import evidence

Subject = Literal["threshold", "index", "model"]
SUBJECTS: tuple[Subject, ...] = ("threshold", "index", "model")
LEAST_SHARE = 0.02
"""Of the calls, for each arm: one that nobody is given says nothing."""
MOST_ARMS = 5
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
RISK = 0.05
"""How often a difference may be seen where there is none, however often one looks."""
EFFECT = 0.1
"""Difference in worth that the test is sharpest for; others are found too, later."""
BURN_IN = 100
"""Calls of each arm before the first comparison: the variance is estimated."""


class BadExperiment(ValueError):
    """`field` names what is wrong; the text says what is expected, never what came."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Arm:
    name: str
    value: str
    """A threshold as a number, or the name of an index or a model."""
    share: float
    """Of the calls."""


@dataclass(frozen=True, slots=True)
class Experiment:
    name: str
    subject: Subject
    arms: tuple[Arm, ...]
    """The first is what the others are compared with, and what all get once it is over."""
    department: str = ""
    """Whose threshold; "": of all, and always so for an index or a model."""
    cost: float = 4.0
    """Answered turns that one wrong answer undoes: a right one is worth 1, one passed on 0."""

    @property
    def control(self) -> Arm:
        return self.arms[0]

    def arm(self, call: str) -> Arm:
        """The same for all turns of a call, in every process; independent between experiments."""
        digest = hashlib.blake2b(f"{self.name}\0{call}".encode(), digest_size=8).digest()
        drawn, reached = int.from_bytes(digest) / 2**64, 0.0
        for arm in self.arms:
            reached += arm.share
            if drawn < reached:
                return arm
        return self.arms[-1]

    def label(self, call: str) -> str:
        """As it stands in `Decided.arm`."""
        return f"{self.name}:{self.arm(call).name}"

    def concerns(self, department: str) -> bool:
        return self.department in {"", department}

    def meets(self, other: "Experiment") -> bool:
        """Whether a turn could be in both: a decision has room for one arm."""
        return self.concerns(other.department) or other.concerns(self.department)

    def document(self) -> dict[str, Any]:
        """As the database keeps it, beside name and department."""
        arms = [{"name": arm.name, "value": arm.value, "share": arm.share} for arm in self.arms]
        return {"subject": self.subject, "cost": self.cost, "arms": arms}


def experiment(name: str, department: str, document: Mapping[str, Any]) -> Experiment:
    """Of what the database keeps or a request says. Raises BadExperiment."""
    subject = document.get("subject")
    if subject not in SUBJECTS:
        raise BadExperiment("subject", "one of " + ", ".join(SUBJECTS))
    cost = document.get("cost", 4.0)
    if not _within(cost, 0.0, 100.0):
        raise BadExperiment("cost", "a number from 0 to 100")
    given = document.get("arms")
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise BadExperiment("arms", "a list")
    arms = tuple(_arm(subject, arm) for arm in given)
    made = Experiment(name, subject, arms, department, float(cost))
    _check(made)
    return made


def _check(made: Experiment) -> None:
    if not NAME.fullmatch(made.name):
        raise BadExperiment("name", "small letters, digits, - and _, at most 64")
    if made.department and made.subject != "threshold":
        raise BadExperiment("department", "none: a call has one index and one model")
    if not 2 <= len(made.arms) <= MOST_ARMS:  # noqa: PLR2004
        raise BadExperiment("arms", f"2 to {MOST_ARMS} of them, the present state first")
    if len({arm.name for arm in made.arms}) < len(made.arms):
        raise BadExperiment("arms", "a different name for each")
    if abs(sum(arm.share for arm in made.arms) - 1.0) > 1e-6:  # noqa: PLR2004
        raise BadExperiment("arms", "shares that make 1 together")


def _arm(subject: str, given: Any) -> Arm:
    if not isinstance(given, Mapping):
        raise BadExperiment("arms", "objects with name, value and share")
    name, value, share = (given.get(key) for key in ("name", "value", "share"))
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadExperiment("arms.name", "small letters, digits, - and _, at most 64")
    if not _within(share, LEAST_SHARE, 1.0):
        raise BadExperiment("arms.share", f"a number from {LEAST_SHARE} to 1")
    if subject == "threshold":
        try:
            fits = not isinstance(value, bool) and 0.0 < float(value) <= 1.0  # type: ignore[arg-type]
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise BadExperiment("arms.value", "a probability above 0, up to 1")
    elif not isinstance(value, str) or not re.fullmatch(r"[\w.:/-]{1,100}", value):
        raise BadExperiment("arms.value", "the name of an index or a model")
    return Arm(name, str(value), float(share))


def _within(value: Any, low: float, high: float) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls of an arm by what came of their first judged turn: a call's turns are not independent
    of each other, its first one is independent of other calls'."""

    right: int = 0
    passed: int = 0
    """Not answered from the knowledge base."""
    wrong: int = 0

    @property
    def calls(self) -> int:
        return self.right + self.passed + self.wrong

    def worth(self, cost: float) -> float:
        """Mean over the calls."""
        return (self.right - cost * self.wrong) / max(1, self.calls)

    def variance(self, cost: float) -> float:
        """Of the mean. One more call of each kind keeps what has not happened yet possible."""
        right, wrong, calls = self.right + 1, self.wrong + 1, self.calls + 3
        mean = (right - cost * wrong) / calls
        return ((right + cost * cost * wrong) / calls - mean * mean) / max(1, self.calls)


State = Literal["waiting", "open", "better", "worse", "broken"]
"""waiting: too few calls; open: no difference shown; broken: not as often right as promised."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm with the first one."""

    arm: str
    state: State
    difference: float
    """In worth a call."""
    low: float
    high: float
    """Bounds that hold at all times together."""

    @property
    def harmful(self) -> bool:
        return self.state in {"worse", "broken"}


def compare(
    made: Experiment, tallies: Mapping[str, Tally], *, precision: float, risk: float = RISK
) -> tuple[Comparison, ...]:
    """Each other arm with the first, which share the risk. `precision`: what is promised."""
    control = tallies.get(made.control.name, Tally())
    share = risk / (len(made.arms) - 1)
    found: list[Comparison] = []
    for arm in made.arms[1:]:
        tally = tallies.get(arm.name, Tally())
        proof = evidence(tally.wrong, tally.right + tally.wrong, 1.0 - precision)
        broken = proof >= 1.0 / share
        found.append(_against(control, tally, arm.name, made.cost, risk=share, broken=broken))
    return tuple(found)


def _against(
    control: Tally, tally: Tally, arm: str, cost: float, *, risk: float, broken: bool
) -> Comparison:
    difference = tally.worth(cost) - control.worth(cost)
    variance = tally.variance(cost) + control.variance(cost)
    width = half_width(variance, risk)
    state: State = "open"
    if broken:
        state = "broken"
    elif min(control.calls, tally.calls) < BURN_IN:
        state, width = "waiting", inf
    elif difference - width > 0.0:
        state = "better"
    elif difference + width < 0.0:
        state = "worse"
    return Comparison(arm, state, difference, difference - width, difference + width)


def half_width(variance: float, risk: float, effect: float = EFFECT) -> float:
    """Of an interval around an estimate of this variance that holds at all times together."""
    prior = effect * effect
    both = variance + prior
    return sqrt(variance * both / prior * (2.0 * log(1.0 / risk) + log(both / variance)))
