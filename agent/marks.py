"""What an evaluation found, for people: a row for each figure, and what it means in a sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.evaluation import Part
from knowledge.evaluation import Evaluation
from knowledge.routing import Thresholds

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    of: Callable[[Evaluation], str]
    means: str


def figures(thresholds: Thresholds) -> list[Figure]:
    sure = f"{thresholds.answer:g}"
    return [
        Figure("questions", lambda one: str(one.questions), "asked, that some entry answers"),
        Figure(
            "right", lambda one: _share(one.accuracy), "of these, the best entry is the right one"
        ),
        Figure(
            "calibration error",
            lambda one: _share(one.calibration_error),
            "how far confidence and the share of right answers lie apart",
        ),
        Figure(
            "… by luck",
            lambda one: _share(one.by_luck),
            "the error that so few questions make even where every confidence is true",
        ),
        Figure(
            "answered",
            lambda one: _share(one.answered),
            f"answered without the model, at confidence {sure} or more",
        ),
        Figure("answered right", lambda one: _share(one.right), "of those answered"),
        Figure(
            "… at least",
            lambda one: _share(one.right_at_least),
            "the same, allowing for the luck of these questions (95 % sure)",
        ),
        Figure(
            "at 95 % right",
            lambda one: _share(one.could_95),
            "could be answered, if the threshold were the best one for 95 % right",
        ),
        Figure("at 98 % right", lambda one: _share(one.could_98), "the same for 98 %"),
        Figure("strangers", lambda one: str(one.strangers), "asked, that no entry answers"),
        Figure(
            "strangers answered",
            lambda one: _share(one.strangers_answered),
            "of these, answered all the same",
        ),
        Figure(
            "strangers known",
            lambda one: _share(one.strangers_known),
            "of these, less sure than all but 5 % of the questions",
        ),
        Figure(
            "all answered right",
            lambda one: _share(one.right_of_all),
            "of all that was answered, strangers too: what --at-least is about",
        ),
        Figure("p50", lambda one: _time(one.p50), "time of a decision: half of them are faster"),
        Figure("p99", lambda one: _time(one.p99), "99 of 100 are faster"),
    ]


def show(
    parts: Sequence[Part],
    thresholds: Thresholds,
    console: "Console",
    tell: Callable[[str], None],
) -> None:
    """A table on a terminal, columns parted by tabs elsewhere."""
    heads = ["", *(", ".join(filter(None, (part.questions, part.language))) for part in parts)]
    known = figures(thresholds)
    rows = [[one.name, *(one.of(part.result) for part in parts), one.means] for one in known]
    if not console.is_terminal:
        for row in ([*heads, "means"], *rows):
            tell("\t".join(row))
        return
    from rich.table import Table  # noqa: PLC0415 (only a terminal needs it)

    table = Table(*heads, "", box=None)
    for column in table.columns[1:-1]:
        column.justify = "right"
    table.columns[-1].style = "dim"
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
