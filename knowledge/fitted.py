"""What held-out phrasings have shown of one content: kept beside it, used where it still fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from pathlib import Path

import orjson

from knowledge.calibration import Bounds
from knowledge.confidence import VERBATIM
from knowledge.kept import write

ENGINE = "2"
"""Of what a confidence is made from: a fit to another one says nothing."""
ENOUGH = 60
"""Labelled phrasings of a department from which its confidence counts as calibrated."""
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class Curve:
    """From the shipped confidence to this content's own: a line between their log-odds (Platt,
    "Probabilistic outputs for support vector machines", 1999)."""

    slope: float = 1.0
    shift: float = 0.0
    bounds: Bounds = field(default_factory=Bounds)

    def __call__(self, confidence: float) -> float:
        odds = self.slope * log_odds(confidence) + self.shift
        return 1.0 / (1.0 + exp(-odds))


@dataclass(frozen=True, slots=True)
class Fitted:
    content: str
    """`edition.version` of what it was fitted to."""
    words: Curve
    near: Curve | None
    """Where vectors were asked as well; None: not known."""
    labelled: Mapping[str, int]
    """Held-out phrasings by department."""
    engine: str = ENGINE

    def sure(self, confidence: float, *, near: bool) -> tuple[float, tuple[float, float]]:
        """The probability, and the interval that it lies in. A known phrasing is beyond doubt."""
        curve = self.near if near else self.words
        if curve is None or confidence >= VERBATIM:
            return confidence, (min(confidence, 0.9), 1.0) if curve else (0.0, 1.0)
        fitting = curve(confidence)
        return fitting, curve.bounds.around(fitting)

    def calibrated(self, department: str) -> bool:
        return self.labelled.get(department, 0) >= ENOUGH

    def save(self, file: Path) -> None:
        """Whole or not at all. Raises OSError."""
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, orjson.dumps(self))

    @classmethod
    def load(cls, file: Path, content: str) -> "Fitted | None":
        """None where there is none, or it was fitted to something else, or it is damaged."""
        try:
            told = orjson.loads(file.read_bytes())
            if (told["content"], told["engine"]) != (content, ENGINE):
                return None
            near = told["near"]
            return cls(content, _curve(told["words"]), near and _curve(near), told["labelled"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def log_odds(confidence: float) -> float:
    kept = min(max(confidence, _LEAST), 1.0 - _LEAST)
    return log(kept / (1.0 - kept))


def _curve(told: Mapping[str, object]) -> Curve:
    bounds = told["bounds"]
    if not isinstance(bounds, Mapping):
        raise TypeError
    parts = {name: tuple(bounds[name]) for name in ("edges", "least", "most")}
    return Curve(float(str(told["slope"])), float(str(told["shift"])), Bounds(**parts))
