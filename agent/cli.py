"""The command line. Each command imports what it needs: the first line of output comes at once."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

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
Pipeline = Annotated[
    str, typer.Option("--pipeline", metavar="MODULE:ATTR", help="Other stages: stages(call).")
]


@app.command()
def demo(
    wav: Annotated[
        list[Path] | None, typer.Option(help="Your own question as a WAV; may be given again.")
    ] = None,
) -> None:
    """Two simulated calls on this machine, without any key: heard, timed, recorded."""
    settings = _settings()
    _quiet()
    from agent import demo as theatre
    from agent.simulators.twilio import Unreadable

    try:
        good = _run(theatre.run(settings, wav or (), _console()))
    except Unreadable as error:
        _fail(str(error), USAGE)
    raise typer.Exit(0 if good else FAILED)


@app.command()
def serve(pipeline: Pipeline = "") -> None:
    """Answer calls until SIGTERM."""
    settings = _settings(serving=True)
    from functools import partial

    from agent.reception import furnish
    from agent.watch import logs
    from agent.web.server import serve as run

    logs.configure(settings.log_level, settings.log_format)
    stages = _stages(pipeline)
    if settings.redis_url is None:
        typer.echo("REDIS_URL is not set: conversations are remembered by this process alone")
    typer.echo(f"answering at {settings.public}/twilio/voice", err=False)
    with _expected():
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

    with _expected():
        if wav is not None:
            good = _run(parlour.recording(settings, wav, _console()))
        elif jsonl:
            good = _run(parlour.lines(settings, sys.stdin, sys.stdout, language))
        else:
            good = _run(parlour.typed(settings, text, language, _console()))
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

    with _expected():
        rows = _run(examine(settings))
    told = [*notices(settings, find()), *practice.stray_packages()]
    if json:
        typer.echo(practice.as_json(rows, told))
    else:
        practice.show(rows, told, _console())
    raise typer.Exit(0 if practice.healthy(rows) else FAILED)


@app.command()
def settings(json: Json = False) -> None:
    """Every setting, whether it is set, and where it came from."""
    loaded = _settings()
    from dataclasses import asdict

    import orjson

    from agent.settings import find
    from agent.settings.page import table

    rows = table(loaded, find())
    if json:
        typer.echo(orjson.dumps([asdict(row) for row in rows]))
        return
    for row in rows:
        typer.echo(f"{row.name:45} {row.value:30} {row.source}")


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

    asked = library.open_library(loaded, knowledge, lambda line: typer.echo(line, err=True))
    if jsonl:
        library.answer_lines(asked, sys.stdin, sys.stdout, language)
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
    from agent.blueprint import describe, show

    with _expected():
        rows = _run(describe(loaded, _stages(stages)))
    show(rows, _console(), as_json=json)


@pipeline.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the stage, in snake_case.")],
    into: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Write a stage and its test."""
    from agent.scaffold import Unusable, write

    try:
        made = write(name, into)
    except Unusable as error:
        _fail(str(error), USAGE)
    typer.echo(made)


@app.command()
def load(
    url: Annotated[str, typer.Argument(help="The agent's voice webhook.")],
    users: Annotated[int, typer.Option("-u", "--users", help="Callers at the same time.")] = 1,
    spawn_rate: Annotated[
        float, typer.Option("-r", "--spawn-rate", help="Callers that join a second.")
    ] = 1.0,
    run_time: Annotated[float, typer.Option("-t", "--run-time", help="Seconds.")] = 60.0,
    recordings: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="A folder of WAVs.")
    ] = None,
    report: Annotated[Path, typer.Option(help="Where the JSON goes.")] = Path("reports/load.json"),
    auth_token: Annotated[
        str, typer.Option(envvar="TWILIO_AUTH_TOKEN", help="The agent's own.", show_default=False)
    ] = "",
    record: Annotated[Path | None, typer.Option(help="Folder for stereo WAVs.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Also dial other machines.")] = False,
) -> None:
    """Simulated callers, measured at the ear. Loopback only, unless --yes."""
    from agent.load import Mistake, launch
    from agent.simulators.twilio import Unreadable

    try:
        clips = () if recordings else _run(_questions())
        result = _run(
            launch(
                url,
                users=users,
                spawn_rate=spawn_rate,
                seconds=run_time,
                recordings=recordings,
                clips=clips,
                auth_token=auth_token,
                yes=yes,
                report_path=report,
                recording_dir=record,
                console=_console(),
            )
        )
    except (Mistake, Unreadable) as error:
        _fail(str(error), USAGE)
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

    try:
        _run(stand(provider, port, latency, fault, recordings, typer.echo))
    except Unknown as error:
        _fail(str(error), USAGE)


async def _questions() -> list[Any]:
    """What load's callers say where no recordings are given, in the embedded voice."""
    from agent.demo import ENGLISH
    from agent.simulators.twilio import Clip
    from processors.voice.local import Local

    mouth = await asyncio.to_thread(Local, ["en"])
    try:
        return [
            Clip(line.text, await mouth.synthesize(line.text, "en", speaker="caller"), line.text)
            for line in ENGLISH
            if line.how == "say" and line.text.endswith("?")
        ]
    finally:
        mouth.close()


def main() -> None:
    app()


def _settings(*, serving: bool = False) -> "Settings":
    from agent.settings import SettingsError, load, servable

    try:
        loaded = load()
        return servable(loaded) if serving else loaded
    except SettingsError as error:
        _fail(str(error), USAGE)


def _stages(name: str) -> Any:
    """`module:attr`, importable from here; without one, the product's own."""
    from agent.blueprint import Unusable, find

    try:
        return find(name)
    except Unusable as error:
        _fail(str(error), USAGE)


class _expected:
    """What a person can mend becomes a line, not a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from agent.providers import NothingToUse
        from knowledge.persona import PersonaError

        if isinstance(error, NothingToUse | PersonaError):
            _fail(str(error), USAGE)
        if isinstance(error, OSError) and error.errno is not None:
            _fail(f"{error.strerror}: {error.filename or 'HOST and PORT'}", FAILED)


def _run(work: Coroutine[Any, Any, T]) -> T:
    from agent.web.server import loop_factory

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _quiet() -> None:
    """A command for people: only what went wrong is logged."""
    from agent.watch import logs

    logs.configure("WARNING", "text")


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False)


def _fail(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)
