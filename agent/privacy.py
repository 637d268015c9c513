"""`answerline privacy`: what of a caller's words is personal."""

from pathlib import Path
from typing import Annotated

import typer

from agent.terminal import USAGE, checked_settings, fail, mistakes, pipes, warn

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
