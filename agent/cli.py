"""The command line. Each command imports what it needs: the first line of output comes at once."""

import gc
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from agent.settings import Settings

T = TypeVar("T")
FAILED, USAGE = 1, 2
app = typer.Typer(
    name="answerline",
    help="A voice agent that answers the phone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
kb = typer.Typer(help="The knowledge base.", no_args_is_help=True)
pipeline = typer.Typer(help="The stages of a call.", invoke_without_command=True)
app.add_typer(kb, name="kb")
app.add_typer(pipeline, name="pipeline")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Wavs = Annotated[list[Path] | None, typer.Option(help="A question as a WAV; may be given again.")]
Url = Annotated[str, typer.Argument(help="The agent's voice webhook.")]
Token = Annotated[str, typer.Option(help="The agent's own; TWILIO_AUTH_TOKEN where not given.")]
Record = Annotated[Path | None, typer.Option(help="Folder for stereo WAVs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Also dial other machines.")]
Pipeline = Annotated[
    str, typer.Option("--pipeline", metavar="MODULE:ATTR", help="Other stages: stages(call).")
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(metadata.version("answerline"))
        raise typer.Exit


@app.callback()
def answerline(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """A voice agent that answers the phone."""


@app.command()
def demo(wav: Wavs = None) -> None:
    """Two simulated calls on this machine, without any key: heard, timed, recorded."""
    settings = _settings()
    _quiet()
    from agent import demo as theatre
    from agent.simulators.twilio import Unreadable

    with _mistakes(Unreadable, *_lacking()):
        good = _run(theatre.run(settings, wav or (), _console()))
    raise typer.Exit(0 if good else FAILED)


@app.command()
def serve(pipeline: Pipeline = "") -> None:
    """Answer calls until SIGTERM."""
    settings = _settings(serving=True)
    from agent.watch import logs

    logs.configure(settings.log_level, settings.log_format)
    stages = _stages(pipeline)
    from functools import partial

    from agent.reception import furnish
    from agent.web.server import serve as run

    if settings.redis_url is None:
        typer.echo("REDIS_URL is not set: conversations are remembered by this process alone")
    typer.echo(f"answering at {settings.public}/twilio/voice")
    _loaded()
    with _mistakes(*_lacking()):
        run(settings, partial(furnish, stages=stages))


@app.command()
def talk(
    text: Annotated[str, typer.Argument(help="One question; without it, a conversation.")] = "",
    language: Annotated[str, typer.Option(help="Two letters; guessed where not given.")] = "",
    wav: Annotated[Path | None, typer.Option(help="A recording in place of typing.")] = None,
    jsonl: Annotated[bool, typer.Option(help="Lines of JSON or text in, JSON out.")] = False,
) -> None:
    """Type to the agent, or give it a recording."""
    settings = _settings()
    _quiet()
    from agent import parlour
    from agent.simulators.twilio import Unreadable

    with _mistakes(Unreadable, *_lacking()):
        if wav is not None:
            good = _run(parlour.recording(settings, wav, _console()))
        elif jsonl:
            good = _run(parlour.answer_lines(settings, *_pipes(), language, _warn))
        elif text:
            good = _run(parlour.one(settings, text, language, _console()))
        else:
            good = _run(parlour.conversation(settings, sys.stdin, language, _console()))
    raise typer.Exit(0 if good else FAILED)


@app.command()
def doctor(json: Json = False) -> None:
    """What each stage uses, why, whether it answers, and how long that took."""
    settings = _settings()
    _quiet()
    from agent import doctor as practice
    from agent.checkup import examine
    from agent.settings import find
    from agent.settings.notices import notices

    with _mistakes(*_lacking()):
        rows = _run(examine(settings))
    told = [*notices(settings, find()), *practice.stray_packages()]
    if json:
        typer.echo(practice.as_json(rows, told))
    else:
        practice.show(rows, told, _console())
    raise typer.Exit(0 if practice.healthy(rows) else FAILED)


@app.command()
def settings(
    json: Json = False,
    example: Annotated[bool, typer.Option("--example", help="Print .env.example.")] = False,
) -> None:
    """Every setting, whether it is set, and where it came from."""
    from agent.settings import page

    if example:
        typer.echo(page.example(), nl=False)
        return
    loaded = _settings()
    from dataclasses import asdict

    import orjson

    from agent.settings import find

    rows = page.table(loaded, find())
    if json:
        typer.echo(orjson.dumps([asdict(row) for row in rows]))
    else:
        typer.echo("\n".join(f"{row.name:45} {row.value:30} {row.source}" for row in rows))


@kb.command()
def ask(
    question: Annotated[str, typer.Argument(help="In English or Spanish.")] = "",
    jsonl: Annotated[bool, typer.Option(help="Lines of JSON or text in, JSON out.")] = False,
    knowledge: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="As KNOWLEDGE_DIR.")
    ] = None,
    language: Annotated[str, typer.Option(help="Two letters; guessed where not given.")] = "",
    json: Json = False,
) -> None:
    """What the knowledge base answers, and who would be asked."""
    if not jsonl and not question:
        _fail("a question is needed, or --jsonl", USAGE)
    loaded = _settings()
    from dataclasses import asdict

    import orjson

    from agent import library

    asked = library.open_library(loaded, knowledge, _warn)
    _loaded()
    if jsonl:
        library.answer_lines(asked, *_pipes(), language, _warn)
    elif json:
        typer.echo(orjson.dumps(asdict(asked(question, language))))
    else:
        library.show(asked(question, language), _console())


@pipeline.callback()
def show_pipeline(context: typer.Context, stages: Pipeline = "", json: Json = False) -> None:
    """The stages of a call in this configuration, in order."""
    if context.invoked_subcommand is not None:
        return
    loaded = _settings()
    _quiet()
    chosen = _stages(stages)
    from agent.blueprint import describe, show

    with _mistakes(*_lacking()):
        rows = _run(describe(loaded, chosen))
    show(rows, _console(), as_json=json)


@pipeline.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the stage, in snake_case.")],
    into: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Write a stage and its test."""
    from agent.scaffold import Unusable, write

    with _mistakes(Unusable):
        typer.echo(write(name, into))


@app.command()
def call(
    url: Url,
    wav: Wavs = None,
    auth_token: Token = "",
    record: Record = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """One simulated call, measured at the ear. Loopback only, unless --yes."""
    token = _token(auth_token)
    _quiet()
    from agent import dial
    from agent.load import Mistake
    from agent.simulators.twilio import Clip, Unreadable

    with _mistakes(Mistake, Unreadable):
        dial.proper(url, token, yes=yes)
        clips = [Clip.read(path) for path in wav] if wav else _run(dial.questions())
        report = _run(dial.place(url, clips, auth_token=token, yes=yes, recording_dir=record))
    typer.echo(report.json()) if json else dial.show(report, _console())
    raise typer.Exit(0 if dial.answered(report) else FAILED)


@app.command()
def load(
    url: Url,
    users: Annotated[int, typer.Option("-u", "--users", help="Callers at the same time.")] = 1,
    spawn_rate: Annotated[
        float, typer.Option("-r", "--spawn-rate", help="Callers that join a second.")
    ] = 1.0,
    run_time: Annotated[float, typer.Option("-t", "--run-time", help="Seconds.")] = 60.0,
    recordings: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="A folder of WAVs.")
    ] = None,
    report: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("reports/load.json"),
    auth_token: Token = "",
    record: Record = None,
    yes: Yes = False,
) -> None:
    """Simulated callers, measured at the ear. Loopback only, unless --yes."""
    token = _token(auth_token)
    _quiet()
    from agent import dial
    from agent.load import Mistake, launch
    from agent.simulators.twilio import Unreadable

    with _mistakes(Mistake, Unreadable):
        dial.proper(url, token, yes=yes)
        result = _run(
            launch(
                url,
                users=users,
                spawn_rate=spawn_rate,
                seconds=run_time,
                recordings=recordings,
                clips=() if recordings else _run(dial.questions()),
                auth_token=token,
                yes=yes,
                report_path=report,
                recording_dir=record,
                console=_console(),
            )
        )
    raise typer.Exit(FAILED if result.failed else 0)


@app.command()
def simulate(
    provider: Annotated[str, typer.Argument(help="deepgram, openai, elevenlabs or twilio-rest.")],
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    latency: Annotated[float, typer.Option(help="Seconds to the first byte.")] = 0.1,
    fault: Annotated[str, typer.Option(help="none, refuse, 401, 429, 500, hang, drop …")] = "none",
    recordings: Annotated[
        Path | None, typer.Option(help="Folder with manifest.json: what Deepgram recognises.")
    ] = None,
) -> None:
    """Run a simulated provider until interrupted."""
    from agent.simulators.stand import Unknown, stand

    with _mistakes(Unknown):
        _run(stand(provider, port, latency, fault, recordings, typer.echo))


def main() -> None:
    gc.disable()  # what is imported stays: looking at it again and again is a fifth of the start
    app()


def _loaded() -> None:
    gc.freeze()
    gc.enable()


def _settings(*, serving: bool = False) -> "Settings":
    from agent.settings import SettingsError, load, servable

    with _mistakes(SettingsError):
        loaded = load()
        return servable(loaded) if serving else loaded


def _token(given: str) -> str:
    """What signs simulated calls: the service's own, where none is given."""
    own = None if given else _settings().twilio_auth_token
    return own.get_secret_value() if own else given


def _stages(name: str) -> Any:
    """`module:attr`, importable from here; without one, the product's own."""
    from agent.named import Unusable, find

    with _mistakes(Unusable):
        return find(name)


@contextmanager
def _mistakes(*kinds: type[Exception]) -> Iterator[None]:
    """What a person can mend becomes a line, not a traceback."""
    try:
        yield
    except kinds as error:
        _fail(str(error), USAGE)
    except (BrokenPipeError, TimeoutError):
        raise
    except OSError as error:
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror}", FAILED)


def _lacking() -> tuple[type[Exception], ...]:
    """What the product raises where it has not got what a call needs."""
    from agent.providers import NothingToUse
    from knowledge.persona import PersonaError

    return NothingToUse, PersonaError


def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    from agent.web.server import loop_factory

    _loaded()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)


def _pipes() -> tuple[TextIO, TextIO]:
    """Standard input and output for lines of JSON: UTF-8, whatever the terminal speaks."""
    for pipe in (sys.stdin, sys.stdout):
        if isinstance(pipe, TextIOWrapper):
            pipe.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdin, sys.stdout


def _quiet() -> None:
    """A command for people: only what went wrong is logged."""
    from agent.watch import logs

    logs.configure("WARNING", "text")


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False)


def _warn(text: str) -> None:
    typer.echo(text, err=True)


def _fail(text: str, code: int) -> NoReturn:
    _warn(text)
    raise typer.Exit(code)
