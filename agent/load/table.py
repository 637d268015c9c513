"""Shows a load test while it runs: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from agent.load.report import Report, Spread

EVERY = 5
"""Seconds between two plain lines."""


@contextmanager
def watch(console: Console) -> Iterator[Callable[[Report], None]]:
    """What `run` tells its progress to."""
    if not console.is_terminal:
        yield _Lines(console).show
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda report: live.update(table(report), refresh=True)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = 0.0

    def show(self, report: Report) -> None:
        if report.seconds >= self._next:
            self._next = report.seconds + EVERY - 0.5
            self._console.print(line(report), highlight=False, soft_wrap=True)


def line(report: Report) -> str:
    running = report.calls - report.completed - report.failed - report.cut_short
    return (
        f"{report.seconds:6.1f} s  {running} on the line, {report.completed} completed, "
        f"{report.failed} failed  voice-to-voice {_spread(report.voice_to_voice)}"
    )


def table(report: Report) -> Table:
    running = report.calls - report.completed - report.failed - report.cut_short
    page = Table("what", "figure", title=f"{report.users} callers, {report.seconds:.0f} s")
    page.add_row("calls", f"{report.calls} ({running} running, at most {report.most_at_once})")
    page.add_row("completed", str(report.completed))
    page.add_row("failed", str(report.failed))
    if report.cut_short:
        page.add_row("cut short", str(report.cut_short))
    for reason, count in report.failures.items():
        page.add_row("", f"{count} × {reason}")
    page.add_section()
    page.add_row("voice-to-voice", _spread(report.voice_to_voice))
    page.add_row("greeting", _spread(report.greeting))
    page.add_row("barge-in to silence", _spread(report.barge_in))
    page.add_row("gaps", _spread(report.gaps) if report.gaps else "none")
    page.add_row("turns", f"{report.turns}, {report.unanswered} unanswered, {report.early} early")
    page.add_section()
    for name, count in report.warnings.items():
        page.add_row(f"Twilio {name}", str(count))
    share = 100 * report.late / report.packets if report.packets else 0.0
    doubt = "" if report.trusted else ": this machine is too slow, do not trust the figures"
    page.add_row("late packets of ours", f"{share:.2f} %{doubt}")
    return page


def _spread(figure: Spread | None) -> str:
    if figure is None:
        return "–"
    return f"p50 {figure.p50:.2f} s, p95 {figure.p95:.2f} s, max {figure.max:.2f} s"
