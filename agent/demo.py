"""`answerline demo`: two calls to the service, in this process, heard, timed and recorded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    UserTurnMessageAddedMessage,
)
from pipecat.processors.frame_processor import FrameProcessor
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.call import Call
from agent.pipeline import stages
from agent.reception import serving
from agent.settings import Settings
from agent.simulators.twilio import (
    Account,
    Caller,
    CallReport,
    Clip,
    Conditions,
    Listen,
    Say,
    Script,
    Twilio,
)
from agent.simulators.twilio import Turn as HeardTurn
from knowledge.events import Decided, Event, Turn, Wished
from processors.voice.local import Local

BAR = 0.1
"""Seconds of latency that one block of the bar stands for."""
PAUSE = 0.8
"""Seconds of silence after which the caller takes the agent to have finished."""
PATIENCE = 25.0
"""Seconds the caller of the demonstration waits for anything."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the caller says, and when."""

    text: str
    how: str = "say"
    """say: when the agent has finished; interrupt: in mid-sentence; listen: "uh-huh" meanwhile."""
    after: float = 1.2
    """Seconds into the agent's sentence at which the caller speaks."""


ENGLISH = (
    Line("What is a deductible?"),
    Line("Uh-huh.", "listen"),
    Line("Wait, where do I find my policy number?", "interrupt", after=3.4),
    Line("That's all, goodbye."),
)
SPANISH = (Line("¿Qué es la prima?"),)


class Scene:
    """The conversation as it goes, line by line."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def said(self, text: str, note: str = "") -> None:
        self._console.print(f"[cyan]  caller ▸[/] {escape(text)} [dim]{note}[/]")

    def stages(self, call: Call) -> list[FrameProcessor]:
        """The product's own, with somebody listening at both ends of the conversation."""
        call.turns.user().add_event_handler("on_user_turn_message_added", self._heard)
        call.turns.agent().add_event_handler("on_assistant_turn_stopped", self._answered)
        return stages(call)

    def event(self, event: Event) -> None:
        match event:
            case Decided(route=route, confidence=confidence, entry=entry):
                self._console.print(f"[dim]   route ·  {route} {confidence:.2f} {entry}[/]")
            case Wished(wish=wish):
                self._console.print(f"[dim]   wish  ·  {wish}[/]")
            case Turn() if event.answer:
                waited = event.voice_to_voice
                bar = "▇" * max(1, round(waited / BAR))
                cut = " [yellow]interrupted[/]" if event.interrupted else ""
                listened = f" [dim]+{event.backchannels} uh-huh[/]" if event.backchannels else ""
                self._console.print(
                    f"[dim]   after ·[/]  [green]{bar}[/] {waited:.2f} s "
                    f"[dim](turn decided {event.decision:.2f}, answered {event.answer:.2f})[/]"
                    f"{cut}{listened}"
                )
            case _:
                pass

    async def _heard(self, _user: object, message: UserTurnMessageAddedMessage) -> None:
        self._console.print(f"[dim]   heard ·  {escape(message.content)}[/]")

    async def _answered(self, _agent: object, message: AssistantTurnStoppedMessage) -> None:
        if message.content:
            cut = " [yellow]—[/]" if message.interrupted else ""
            self._console.print(f"[magenta]   agent ◂[/] {escape(message.content)}{cut}")


async def run(settings: Settings, wavs: Sequence[Path], console: Console) -> bool:
    """Whether each question was answered; the recordings lie under DATA_DIR/demo.

    Raises `Unreadable` for a WAV that is none.
    """
    given = [Clip.read(path) for path in wavs]
    scene = Scene(console)
    folder = settings.data_dir / "demo"
    console.print("[bold]Answerline[/]: loading ears, voice and knowledge …")
    languages = [code for code in ("en", "es") if code in settings.languages] or ["en"]
    mouth = await asyncio.to_thread(Local, languages)
    try:
        async with serving(settings, stages=scene.stages, also=scene.event) as service:
            account = Account(token=service.key)
            reports = []
            async with Twilio(account) as twilio:
                for title, script in await _calls(mouth, scene, given, languages):
                    console.rule(title)
                    report = await twilio.call(
                        f"{service.url}/twilio/voice", script, Conditions(recording_dir=folder)
                    )
                    reports.append(report)
                    if report.failure:
                        console.print(f"[red]the caller {escape(report.failure)}[/]")
    finally:
        mouth.close()
    return _summary(reports, console)


async def _calls(
    mouth: Local, scene: Scene, given: Sequence[Clip], languages: Sequence[str]
) -> list[tuple[str, Script]]:
    if given:
        steps = [step for clip in given for step in (Say(clip), Listen(within=PATIENCE))]
        return [("A call with your recording", [Listen(within=PATIENCE), *steps])]
    calls: list[tuple[str, Script]] = []
    for language, title, lines in (
        ("en", "A call in English", ENGLISH),
        ("es", "Una llamada en español", SPANISH),
    ):
        if language in languages:
            calls.append((title, await _script(mouth, scene, lines, language)))
    return calls


async def _script(mouth: Local, scene: Scene, lines: Sequence[Line], language: str) -> Script:
    clips = []
    for line in lines:
        pcm = await mouth.synthesize(line.text, language, speaker="caller")
        clips.append(Clip(line.text, pcm, line.text, language))

    async def script(caller: Caller) -> None:
        for line, clip in zip(lines, clips, strict=True):
            if line.how == "say":
                await caller.listen(pause=PAUSE, within=PATIENCE)
                scene.said(line.text)
                await caller.say(clip)
            else:
                wants = line.how == "interrupt"
                scene.said(line.text, "(interrupts)" if wants else "(meanwhile)")
                await caller.interrupt(clip, after=line.after, wants_answer=wants, within=PATIENCE)
        if lines is ENGLISH:
            await caller.stay(within=PATIENCE)  # the agent says goodbye and hangs up
        else:
            await caller.listen(pause=PAUSE, within=PATIENCE)

    return script


def _summary(reports: Sequence[CallReport], console: Console) -> bool:
    turns: list[HeardTurn] = [turn for report in reports for turn in report.turns]
    waits = sorted(t.voice_to_voice for t in turns if t.wants_answer and t.voice_to_voice)
    console.rule("At the caller's ear")
    table = Table("caller said", "answer after", "agent silent after", show_edge=False)
    for turn in turns:
        table.add_row(
            turn.transcript or turn.said,
            f"{turn.voice_to_voice:.2f} s" if turn.voice_to_voice and turn.wants_answer else "–",
            f"{turn.silenced:.2f} s" if turn.silenced and turn.wants_answer else "–",
        )
    console.print(table)
    if waits:
        median = waits[len(waits) // 2]
        console.print(f"voice-to-voice: median {median:.2f} s, worst {waits[-1]:.2f} s")
    for report in reports:
        if report.recording:
            console.print(f"recording (left: caller, right: agent): {report.recording}")
    unanswered = [t for t in turns if t.wants_answer and t.voice_to_voice is None]
    failed = [report for report in reports if report.failure]
    if unanswered or failed:
        console.print("[red]not every question was answered[/]")
    return not unanswered and not failed
