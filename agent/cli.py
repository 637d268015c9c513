"""The command line. Each command imports what it needs: the first line of output comes at once."""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.kb import kb
from agent.privacy import privacy
from agent.replay import replay
from agent.terminal import (
    FAILED,
    USAGE,
    checked_settings,
    console,
    fail,
    lacking,
    mistakes,
    pipes,
    quiet,
    ready,
    run,
    served_settings,
    warn,
)

app = typer.Typer(
    name="answerline",
    help="A voice agent that answers the phone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
pipeline = typer.Typer(help="The stages of a call.", invoke_without_command=True)
app.add_typer(kb, name="kb")
app.add_typer(privacy, name="privacy")
app.add_typer(pipeline, name="pipeline")
app.command()(replay)

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
    settings = checked_settings()
    quiet()
    from agent import demo as theatre
    from agent.simulators.twilio import Unreadable

    with mistakes(Unreadable, *lacking()):
        good = run(theatre.run(settings, wav or (), console()))
    raise typer.Exit(0 if good else FAILED)


@app.command()
def serve(
    pipeline: Pipeline = "",
    workers: Annotated[
        int | None, typer.Option(help="Processes, on PORT and the ports after it; as WORKERS.")
    ] = None,
    worker: Annotated[int, typer.Option(hidden=True)] = -1,
) -> None:
    """Answer calls until SIGTERM."""
    settings = served_settings(workers)
    from agent.watch import logs

    if worker >= 0:
        settings = settings.model_copy(update={"port": settings.port + worker})
    logs.configure(settings.log_level, settings.log_format, worker=worker)
    if worker < 0:
        if settings.redis_url is None:
            typer.echo("REDIS_URL is not set: conversations are remembered by this process alone")
        typer.echo(f"answering at {settings.public}/twilio/voice")
    ready()
    if settings.workers > 1 and worker < 0:
        from agent.fleet import supervisor

        raise typer.Exit(supervisor.supervise(*supervisor.planned(settings)))
    stages = _stages(pipeline)
    from functools import partial

    from agent.reception import furnish
    from agent.web.server import serve as run

    with mistakes(*lacking()):
        run(settings, partial(furnish, stages=stages), supervised=worker >= 0)


@app.command()
def talk(
    text: Annotated[str, typer.Argument(help="One question; without it, a conversation.")] = "",
    language: Annotated[str, typer.Option(help="Two letters; guessed where not given.")] = "",
    wav: Annotated[Path | None, typer.Option(help="A recording in place of typing.")] = None,
    jsonl: Annotated[bool, typer.Option(help="Lines of JSON or text in, JSON out.")] = False,
) -> None:
    """Type to the agent, or give it a recording."""
    settings = checked_settings()
    quiet()
    from agent import parlour
    from agent.simulators.twilio import Unreadable

    with mistakes(Unreadable, *lacking()):
        if wav is not None:
            good = run(parlour.recording(settings, wav, console()))
        elif jsonl:
            good = run(parlour.answer_lines(settings, *pipes(), language, warn))
        elif text:
            good = run(parlour.one(settings, text, language, console()))
        else:
            good = run(parlour.conversation(settings, sys.stdin, language, console()))
    raise typer.Exit(0 if good else FAILED)


@app.command()
def language(
    text: Annotated[str, typer.Argument(help="What a caller says.")] = "",
    jsonl: Annotated[bool, typer.Option(help="Lines of JSON or text in, JSON out.")] = False,
    knowledge: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="As KNOWLEDGE_DIR.")
    ] = None,
    json: Json = False,
) -> None:
    """Which language a caller speaks: one of LANGUAGES, or another."""
    if not jsonl and not text:
        fail("a text is needed, or --jsonl", USAGE)
    from agent import telling
    from agent.settings.light import light
    from knowledge.strangers import StrangersMissing

    settings = light() or checked_settings()
    with mistakes(StrangersMissing):
        tell = telling.open_telling(settings, knowledge)
    ready()
    if jsonl:
        tell.lines(*pipes(), warn)
    elif json:
        typer.echo(telling.line(tell(text)))
    else:
        told = tell(text)
        typer.echo(f"{told.language} {told.confidence:.2f}")


@app.command()
def translate(
    text: Annotated[str, typer.Argument(help="What a caller says.")] = "",
    jsonl: Annotated[bool, typer.Option(help="Lines of JSON or text in, JSON out.")] = False,
    language: Annotated[str, typer.Option(help="Two letters; guessed where not given.")] = "",
    to: Annotated[str, typer.Option(help="INPUT_PROCESSING_TARGET_LANGUAGE if not given.")] = "",
    json: Json = False,
) -> None:
    """A caller's words in another language, as router and knowledge read them."""
    if not jsonl and not text:
        fail("a text is needed, or --jsonl", USAGE)
    import asyncio

    from agent import reading
    from agent.settings.light import light
    from knowledge.glossary import GlossaryError
    from knowledge.strangers import StrangersMissing

    settings = light() or checked_settings()
    with mistakes(GlossaryError, StrangersMissing):
        if jsonl:
            asyncio.run(reading.lines(settings, *pipes(), language=language, to=to, warn=warn))
        else:
            found = asyncio.run(reading.one(settings, text, language, to))
            typer.echo(reading.line(found) if json else found.translation or "")
            raise typer.Exit(0 if found.translation else FAILED)


@app.command()
def migrate() -> None:
    """Give the database the tables of this version; safe to repeat."""
    settings = checked_settings()
    from agent.migration import migrate as migrating
    from knowledge.chain import Fault

    with mistakes(ValueError):
        try:
            typer.echo(run(migrating(settings)))
        except Fault as fault:
            fail(f"the database: {fault}", FAILED)


@app.command()
def doctor(json: Json = False) -> None:
    """What each stage uses, why, whether it answers, and how long that took."""
    settings = checked_settings()
    quiet()
    from agent import doctor as practice
    from agent.checkup import examine
    from agent.settings import find
    from agent.settings.notices import notices

    with mistakes(*lacking()):
        rows = run(examine(settings))
    told = [*notices(settings, find()), *practice.stray_packages()]
    if json:
        typer.echo(practice.as_json(rows, told))
    else:
        practice.show(rows, told, console())
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
    loaded = checked_settings()
    from dataclasses import asdict

    import orjson

    from agent.settings import find

    rows = page.table(loaded, find())
    if json:
        typer.echo(orjson.dumps([asdict(row) for row in rows]))
    else:
        typer.echo("\n".join(f"{row.name:45} {row.value:30} {row.source}" for row in rows))


@pipeline.callback()
def show_pipeline(context: typer.Context, stages: Pipeline = "", json: Json = False) -> None:
    """The stages of a call in this configuration, in order."""
    if context.invoked_subcommand is not None:
        return
    loaded = checked_settings()
    quiet()
    chosen = _stages(stages)
    from agent.blueprint import describe, show

    with mistakes(*lacking()):
        rows = run(describe(loaded, chosen))
    show(rows, console(), as_json=json)


@pipeline.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the stage, in snake_case.")],
    into: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Write a stage and its test."""
    from agent.scaffold import Unusable, write

    with mistakes(Unusable):
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
    quiet()
    from agent import dial
    from agent.load import Mistake
    from agent.simulators.twilio import Clip, Unreadable

    with mistakes(Mistake, Unreadable):
        dial.proper(url, token, yes=yes)
        clips = [Clip.read(path) for path in wav] if wav else run(dial.questions())
        report = run(dial.place(url, clips, auth_token=token, yes=yes, recording_dir=record))
    typer.echo(report.json()) if json else dial.show(report, console())
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
    quiet()
    from agent import dial
    from agent.load import Mistake, launch
    from agent.simulators.twilio import Unreadable

    with mistakes(Mistake, Unreadable):
        dial.proper(url, token, yes=yes)
        result = run(
            launch(
                url,
                users=users,
                spawn_rate=spawn_rate,
                seconds=run_time,
                recordings=recordings,
                clips=() if recordings else run(dial.questions()),
                auth_token=token,
                yes=yes,
                report_path=report,
                recording_dir=record,
                console=console(),
            )
        )
    raise typer.Exit(FAILED if result.failed else 0)


@app.command()
def simulate(
    provider: Annotated[
        str, typer.Argument(help="deepgram, openai, elevenlabs, twilio-rest, pinecone or office.")
    ],
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    latency: Annotated[float, typer.Option(help="Seconds to the first byte.")] = 0.1,
    fault: Annotated[str, typer.Option(help="none, refuse, 401, 429, 500, hang, drop …")] = "none",
    recordings: Annotated[
        Path | None, typer.Option(help="Folder with manifest.json: what Deepgram recognises.")
    ] = None,
) -> None:
    """Run a simulated provider until interrupted."""
    from agent.simulators.stand import Unknown, stand

    with mistakes(Unknown):
        run(stand(provider, port, latency, fault, recordings, typer.echo))


def main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # others would spin beside the event loop
    gc.disable()  # what is imported stays: looking at it again and again is a fifth of the start
    app()


def _token(given: str) -> str:
    """What signs simulated calls: the service's own, where none is given."""
    own = () if given else checked_settings().twilio_auth_tokens
    return own[0] if own else given


def _stages(name: str) -> Any:
    """`module:attr`, importable from here; without one, the product's own."""
    from agent.named import Unusable, find

    with mistakes(Unusable):
        return find(name)
