"""`answerline call`: one simulated call to a voice webhook, measured at the caller's ear."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.load import Mistake
from agent.load.plan import Plan
from agent.load.scenario import Scenario
from agent.simulators.twilio import Account, CallReport, Clip, Conditions, Listen, Say, Twilio

PATIENCE = 25.0
"""Seconds the caller waits for anything."""


def proper(url: str, auth_token: str, *, yes: bool) -> None:
    """Raises Mistake, in the words of `load`, for an address that is not to be dialled."""
    Plan(url, (Scenario("a call", lambda _chance: ()),), yes=yes)
    if yes and not auth_token:
        raise Mistake("auth token: needed to call an agent that is not on this machine")


async def questions() -> list[Clip]:
    """What callers ask who bring no recording: the demonstration's, in the embedded voice."""
    from agent.demo import ENGLISH  # noqa: PLC0415 (the product, which a call itself does not need)
    from processors.voice.local import Local  # noqa: PLC0415

    mouth = await asyncio.to_thread(Local, ["en"])
    try:
        return [
            Clip(line.text, await mouth.synthesize(line.text, "en", speaker="caller"), line.text)
            for line in ENGLISH
            if line.how == "say" and line.text.endswith("?")
        ]
    finally:
        mouth.close()


async def place(
    url: str,
    clips: Sequence[Clip],
    *,
    auth_token: str = "",
    yes: bool = False,
    recording_dir: Path | None = None,
) -> CallReport:
    """Listens to the greeting, says each clip and listens to its answer, hangs up."""
    steps = [step for clip in clips for step in (Say(clip), Listen(within=PATIENCE))]
    account = Account(token=auth_token) if auth_token else Account()
    async with Twilio(account, outside=yes) as twilio:
        return await twilio.call(
            url, [Listen(within=PATIENCE), *steps], Conditions(recording_dir=recording_dir)
        )


def answered(report: CallReport) -> bool:
    """Whether the call went as the caller meant it, and every question had an answer."""
    return not report.failure and all(
        turn.voice_to_voice is not None for turn in report.turns if turn.wants_answer
    )


def show(report: CallReport, console: Console) -> None:
    def line(text: str) -> None:
        console.print(text, soft_wrap=True)

    line(f"{report.call_sid}: {report.seconds:.1f} s, ended by {report.ended_by}")
    line(f"stream ready after {_seconds(report.ready)}, greeting after {_seconds(report.greeting)}")
    table = Table("caller said", "answer after", show_edge=False)
    for turn in report.turns:
        table.add_row(escape(turn.transcript or turn.said), _seconds(turn.voice_to_voice))
    if report.turns:
        console.print(table)
    for gap in report.gaps:
        line(f"gap of {gap.seconds:.2f} s at {gap.start:.2f} s")
    for notice in report.warnings:
        line(escape(f"warning {notice.code} at {notice.at:.2f} s: {notice.detail}"))
    if report.failure:
        line(f"[red]the caller {escape(report.failure)}[/]")
    if report.recording:
        line(f"recording (left: caller, right: agent): {escape(str(report.recording))}")


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"
