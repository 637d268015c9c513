"""The command `replay`: first output comes at once, the service is loaded behind it."""

from pathlib import Path
from typing import Annotated

import typer

from agent.terminal import FAILED, checked_settings, console, lacking, mistakes, quiet, run


def replay(
    file: Annotated[Path, typer.Argument(help="A WAV of RECORDING_DIR; its .jsonl beside it.")],
    record: Annotated[
        Path | None, typer.Option(help="Folder for the recording of the new call.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run a recorded call again, on this machine: each turn then and now.

    The caller's words are said to the service with the settings of today,
    each when its turn comes. Nobody is dialled, nothing is journalled, no tool
    is used. What was masked, and keys, cannot be said again: such turns are
    named and left out.

    Exit code 0: every turn went the same way (route and entry). 1: one did
    not. 2: this is no recording.
    """
    if not json:
        typer.echo(f"reading {file}")
    from agent.replaying import recording
    from agent.replaying.happened import NoRecording

    with mistakes(NoRecording):
        old = recording.read(file)
    settings = checked_settings()
    quiet()
    screen = None if json else console()
    if screen is not None:
        screen.print(recording.summary(old), soft_wrap=True, markup=False)
    from agent.replaying import page, rerun

    with mistakes(*lacking()):
        replayed = run(rerun.run(settings, old, console=screen, keep=record))
    if screen is None:
        typer.echo(page.as_json(replayed))
    else:
        page.show(replayed, screen)
    raise typer.Exit(0 if replayed.alike else FAILED)
