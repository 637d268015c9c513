"""What holds for a turn just now: learned thresholds, and the arms of running experiments."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from knowledge.experiments import Experiment, Subject
from knowledge.routing import Thresholds


@dataclass(frozen=True, slots=True)
class Policy:
    """Read for each turn; a new one takes its place when something has changed."""

    shipped: Thresholds = field(default_factory=Thresholds)
    learned: Mapping[str, float] = field(default_factory=dict)
    """Answer thresholds by department, where they differ from the shipped one."""
    experiments: tuple[Experiment, ...] = ()
    """Those that run."""
    calibrated: frozenset[str] = frozenset()
    """Departments with outcomes enough that their figures mean something."""

    def answer(self, department: str) -> float:
        """The threshold in force, outside of experiments."""
        return self.learned.get(department, self.shipped.answer)

    def thresholds(self, department: str, call: str) -> Thresholds:
        made = self._experiment("threshold", department)
        answer = float(made.arm(call).value) if made and call else self.answer(department)
        return replace(self.shipped, answer=answer, model=min(self.shipped.model, answer))

    def chosen(self, subject: Subject, call: str) -> str:
        """The index or model that the call is to have, by name; "": the usual one."""
        made = self._experiment(subject, "")
        return made.arm(call).value if made is not None and call else ""

    def arm(self, department: str, call: str) -> str:
        """For `Decided.arm`; "" where the turn is in no experiment."""
        if not call:
            return ""
        for made in self.experiments:
            if made.concerns(department):
                return made.label(call)
        return ""

    @property
    def version(self) -> str:
        """Changes with whatever changes a route."""
        ran = [(made.name, made.document()) for made in self.experiments]
        facts = repr((self.shipped, sorted(self.learned.items()), ran))
        return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()

    def _experiment(self, subject: Subject, department: str) -> Experiment | None:
        concerned = (made for made in self.experiments if made.subject == subject)
        return next((made for made in concerned if made.concerns(department)), None)
