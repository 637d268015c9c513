"""`answerline privacy`: what of a caller's words is personal, and how it is made gone."""

from pathlib import Path
from typing import Annotated

import typer

from agent.terminal import FAILED, USAGE, checked_settings, fail, mistakes, pipes, quiet, run, warn

privacy = typer.Typer(help="Callers' personal data.", no_args_is_help=True)


@privacy.command()
def redact(
    text: Annotated[str, typer.Argument(help="What a caller says, in English or Spanish.")] = "",
    jsonl: Annotated[bool, typer.Option(help="Lines of JSON or text in, JSON out.")] = False,
    knowledge: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="As KNOWLEDGE_DIR.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """A caller's words as everybody but the caller's own call sees them: cleaned and masked."""
    if not jsonl and not text:
        fail("a text is needed, or --jsonl", USAGE)
    from agent import masking
    from agent.settings.light import light
    from knowledge.persona import PersonaError

    settings = light() or checked_settings()
    with mistakes(PersonaError):
        mask = masking.open_masking(settings, knowledge)
    if jsonl:
        mask.lines(*pipes(), warn)
    elif json:
        typer.echo(masking.line(mask(text)))
    else:
        typer.echo(mask(text).text)


@privacy.command()
def erase(
    caller: Annotated[str, typer.Option(help="A number in E.164, such as +34600111222.")] = "",
    call: Annotated[str, typer.Option(help="A CallSid.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, erase nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Everything by a caller, or of a call: from Redis, the journal, outboxes and workers."""
    if bool(caller) == bool(call):
        fail("one of --caller and --call is needed", USAGE)
    settings = checked_settings()
    quiet()
    from agent import erasers, erasing
    from knowledge.callers import NoNumber

    order = erasing.Order("command", caller=caller, call=call, dry_run=dry_run)
    with mistakes(NoNumber, erasing.NoCall):
        report = run(erasers.by_command(settings, order))
    typer.echo(erasing.line(report) if json else erasing.told(report))
    raise typer.Exit(0 if report.done else FAILED)
