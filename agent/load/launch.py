"""`answerline load`: the command's work, with plain parameters."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from agent.load.crowd import run
from agent.load.mistakes import Mistake
from agent.load.plan import Plan
from agent.load.report import Report
from agent.load.scenario import mix, read_clips
from agent.load.table import table, watch
from agent.simulators.twilio import Account, Clip, Conditions


async def launch(
    url: str,
    *,
    users: int = 1,
    spawn_rate: float = 1.0,
    seconds: float = 60.0,
    recordings: Path | None = None,
    language: str = "",
    clips: Sequence[Clip] = (),
    questions: int = 3,
    account_sid: str = "",
    auth_token: str = "",
    dial: str = "",
    yes: bool = False,
    report_path: Path | None = None,
    recording_dir: Path | None = None,
    console: Console | None = None,
) -> Report:
    """Shows the test while it runs and writes the JSON report. Raises `Mistake`.

    `recordings` is a folder of WAVs; `clips` are used where there is none.
    """
    if yes and not auth_token:
        raise Mistake("auth token: needed to call an agent that is not on this machine")
    usual = Account()
    if recordings is not None:
        clips = read_clips(recordings, language=language)
    plan = Plan(
        url,
        mix(clips, questions=questions),
        users=users,
        spawn_rate=spawn_rate,
        seconds=seconds,
        account=Account(account_sid or usual.sid, auth_token or usual.token),
        conditions=Conditions(recording_dir=recording_dir),
        dial=dial,
        yes=yes,
    )
    screen = console or Console()
    with watch(screen) as on_progress:
        report = await run(plan, on_progress=on_progress)
    if not screen.is_terminal:
        screen.print(table(report))
    if report_path is not None:
        await asyncio.to_thread(_write, report_path, report.json())
    return report


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
