"""What commands share: where they print, how they end, how they run what is asynchronous."""

import gc
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from agent.settings import Settings

T = TypeVar("T")
FAILED, USAGE = 1, 2
_SILENT = 2.0
"""Seconds that work may take before a pipe is told how far it is."""
Told = Callable[[str, int, int], None]
"""What is being done, how much is done, of how much."""


def ready() -> None:
    """What is loaded stays: nobody looks through it again."""
    gc.freeze()
    gc.enable()


def checked_settings() -> "Settings":
    from agent.settings import SettingsError, load

    with mistakes(SettingsError):
        return load()


def served_settings(workers: int | None) -> "Settings":
    """Those that a service may listen with. `workers`: as the command line says."""
    from agent.settings import SettingsError, load, servable

    with mistakes(SettingsError):
        return servable(load(stated={} if workers is None else {"WORKERS": str(workers)}))


@contextmanager
def mistakes(*kinds: type[Exception]) -> Iterator[None]:
    """What a person can mend becomes a line, not a traceback."""
    try:
        yield
    except kinds as error:
        fail(str(error), USAGE)
    except (BrokenPipeError, TimeoutError):
        raise
    except OSError as error:
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror}", FAILED)


def lacking() -> tuple[type[Exception], ...]:
    """What the product raises where it has not got what a call needs."""
    from agent.services import NothingToUse
    from agent.settings import SettingsError
    from knowledge.embedding.local import EmbeddingMissing
    from knowledge.glossary import GlossaryError
    from knowledge.persona import PersonaError
    from knowledge.strangers import StrangersMissing

    return (
        EmbeddingMissing,
        GlossaryError,
        NothingToUse,
        PersonaError,
        SettingsError,
        StrangersMissing,
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    from agent.web.server import loop_factory

    ready()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)


def pipes() -> tuple[TextIO, TextIO]:
    """Standard input and output for lines of JSON: UTF-8, whatever the terminal speaks."""
    for pipe in (sys.stdin, sys.stdout):
        if isinstance(pipe, TextIOWrapper):
            pipe.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdin, sys.stdout


def quiet() -> None:
    """A command for people: only what went wrong is logged."""
    from agent.watch import logs

    logs.configure("WARNING", "text")


def console() -> "Console":
    from rich.console import Console

    return Console(highlight=False)


@contextmanager
def progress() -> Iterator[Told]:
    """On standard error: a bar on a terminal, else a line now and then if it takes long."""
    if sys.stderr.isatty():
        with _bar() as tell:
            yield tell
        return
    last = time.monotonic()

    def tell_line(what: str, done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _SILENT:
            last = time.monotonic()
            warn(f"{done}/{of} {what}")

    yield tell_line


@contextmanager
def _bar() -> Iterator[Told]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of)


def warn(text: str) -> None:
    typer.echo(text, err=True)


def fail(text: str, code: int) -> NoReturn:
    warn(text)
    raise typer.Exit(code)
