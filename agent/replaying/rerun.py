"""A recorded call, run again with the service of today in this process.

Nothing reaches anybody: the journal and the memory are of the moment, transfers ring simulated
telephones, and the systems behind the model's tools are not asked.
"""

import asyncio
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pipecat.processors.frame_processor import FrameProcessor
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape

from agent.call import Call
from agent.pipeline import stages
from agent.reception import serving
from agent.replaying import happened, recording
from agent.replaying.comparison import Again, Made, Row, alone, compare
from agent.replaying.page import Replayed
from agent.replaying.recording import Recording
from agent.replaying.speaker import Speaker
from agent.settings import Settings
from agent.simulators.rest import TwilioRest
from agent.simulators.twilio import Account, CallReport, Colleague, Conditions, Twilio
from knowledge.events import Decided, Event, everybody

SPARE = 120.0
"""Seconds beyond twice its length after which a replayed call is ended."""
_SHARED = ("index", "kept", "speech")
"""Of DATA_DIR: what was made of the content, and its speech."""
_COLLEAGUES: dict[str, Literal["answers", "busy", "no-answer", "failed"]] = {
    "busy": "busy",
    "no_answer": "no-answer",
    "failed": "failed",
}
"""By the outcome of the transfer then; whoever else is rung answers."""


async def run(
    settings: Settings, old: Recording, *, console: Console | None = None, keep: Path | None = None
) -> Replayed:
    """Says turn by turn how it goes, where there is a console; `keep`: a folder for the recording
    of the new call. Raises what `serving` does, and OSError."""
    sayable = [
        one if said else None for one, said in zip(old.stretches, old.sayable(), strict=True)
    ]
    scene = _Scene(old, console)
    speaker = Speaker(sayable, scene.said)
    with TemporaryDirectory(prefix="answerline-replay-") as name:
        folder = Path(name)
        report = await _call(settings, folder, old, speaker, scene)
        made = sorted((folder / "recordings").glob("*.wav"))
        if not made:
            why = f"the call was not recorded: {report.failure or 'it ended too soon'}"
            return Replayed((), happened.providers(old.events), scene.asked, why)
        new = await asyncio.to_thread(_kept, made[0], keep)
    rows = _rows(old, new, speaker)
    return Replayed(rows, happened.providers(old.events), scene.asked, report.failure)


def _kept(made: Path, keep: Path | None) -> Recording:
    new = recording.read(made)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        for file in (made, made.with_suffix(".jsonl")):
            shutil.copy(file, keep)
    return new


async def _call(
    settings: Settings, folder: Path, old: Recording, speaker: Speaker, scene: "_Scene"
) -> CallReport:
    account = Account()
    async with AsyncExitStack() as stack:
        rest = await stack.enter_async_context(TwilioRest(account))
        own = apart(settings, folder, account, rest.url)
        also = everybody(speaker.note, scene.event)
        service = await stack.enter_async_context(serving(own, stages=scene.stages, also=also))
        twilio = await stack.enter_async_context(Twilio(account, rest=rest))
        does = _COLLEAGUES.get(happened.transferred(old.events), "answers")
        for number in own.departments.values():
            twilio.colleagues.append(Colleague(number, does=does))
        conditions = Conditions(longest=2 * old.seconds + SPARE)
        return await twilio.call(f"{service.url}/twilio/voice", speaker.script, conditions)


def apart(settings: Settings, folder: Path, account: Account, rest: str) -> Settings:
    """The same service, where nothing it does goes further than `folder` and this machine's
    simulated Twilio, at `rest`. Links what was made of the content into `folder`."""
    for name in _SHARED:
        place = (settings.data_dir / name).absolute()
        if place.exists():
            (folder / name).symlink_to(place)
    return settings.model_copy(
        update={
            "data_dir": folder,
            "recording": "on",
            "recording_dir": None,
            "retention_days": max(1, settings.retention_days),
            "redis_url": None,
            "database_url": None,
            "public_url": None,
            "twilio_account_sid": account.sid,
            "twilio_auth_token": SecretStr(account.token),
            "twilio_api_base_url": rest,
            "back_office_url": None,
            "back_office_key": None,
            "workers": 1,
        }
    )


def _rows(old: Recording, new: Recording, speaker: Speaker) -> tuple[Row, ...]:
    """The words of a turn of the new call lie where its stretches were said in it."""
    still = [0.0] * len(old.stretches)
    spoken = list(zip(old.stretches, speaker.moments, strict=True))
    said = [None if moment is None else one for one, moment in spoken]
    moved = [0.0 if moment is None else moment - one.start for one, moment in spoken]
    now = [Made(turn, recording.said_in(turn, said, moved)) for turn in new.turns]
    if not old.events:
        return tuple(alone(now))
    then = [Made(turn, recording.said_in(turn, old.stretches, still)) for turn in old.turns]
    again = Again(
        frozenset(index for index, one in enumerate(said) if one is not None),
        frozenset(index for index, sayable in enumerate(old.sayable()) if not sayable),
    )
    return tuple(compare(then, now, again))


class _Scene:
    """The call as it goes."""

    def __init__(self, old: Recording, console: Console | None) -> None:
        self.asked: dict[str, str] = {}
        """By service, the providers in their order."""
        self._old = old
        self._console = console

    def stages(self, call: Call) -> list[FrameProcessor]:
        """The product's own."""
        asked = call.providers
        self.asked = {
            "ears": ", ".join(client.name for client in asked.ears_clients),
            "model": ", ".join(client.name for client in asked.model_clients),
            "voice": ", ".join(client.name for client in asked.voice_clients),
        }
        return stages(call)

    def said(self, index: int) -> None:
        stretch = self._old.stretches[index]
        words = (turn.heard for turn in self._old.turns if stretch.within(turn.spans))
        self._print(f"[cyan]caller ▸[/] {stretch.start:7.2f} s  {escape(next(words, ''))}")

    def event(self, event: Event) -> None:
        if isinstance(event, Decided):
            self._print(f"[dim] route · {event.route} {event.confidence:.2f} {event.entry}[/]")

    def _print(self, line: str) -> None:
        if self._console is not None:
            self._console.print(line, soft_wrap=True)
