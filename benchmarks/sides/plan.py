"""How much is measured: a quick look, or everything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    callers: int
    """On the line at once while latency is measured."""
    pairs: int
    """Of a question and an interruption, for each of them."""
    questions: int
    """That the knowledge base is sure of, for the answer's clock."""
    loads: tuple[int, ...]
    """Calls at which CPU and memory are taken, growing."""
    idle: float
    talking: float
    """Seconds of a window."""
    short_calls: int
    """For the growth of memory; 0: not measured."""
    first: dict[str, int]
    """Calls that the search for the most begins with, by side; empty: not searched."""
    growth: float
    """From one step of the search to the next."""
    halvings: int
    """Steps between the last good number and the first bad one."""
    window: float
    """Seconds of a step."""


FULL = Plan(
    name="full",
    callers=4,
    pairs=6,
    questions=20,
    loads=(1, 6, 14),
    idle=10.0,
    talking=20.0,
    short_calls=100,
    first={"stock": 6, "answerline": 16},
    growth=1.25,
    halvings=1,
    window=14.0,
)
QUICK = Plan(
    name="quick",
    callers=6,
    pairs=1,
    questions=6,
    loads=(1, 6),
    idle=5.0,
    talking=10.0,
    short_calls=0,
    first={},
    growth=1.5,
    halvings=0,
    window=10.0,
)
