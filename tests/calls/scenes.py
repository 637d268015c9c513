"""The calls of the whole-call tests. They run at the same time, as callers do; each test then
looks at one of them."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.reception import Service, serving
from agent.settings import load
from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.elevenlabs import ElevenLabs
from agent.simulators.openai import OpenAI, table
from agent.simulators.rest import TwilioRest
from agent.simulators.twilio import (
    Account,
    BreakStream,
    Caller,
    CallReport,
    Clip,
    Conditions,
    Echo,
    Hear,
    Interrupt,
    Listen,
    Noise,
    OpenAgain,
    Press,
    Say,
    Script,
    Send,
    Stay,
    Twilio,
)
from tests.calls.witness import Witness

AUDIO = Path(os.environ.get("ANSWERLINE_AUDIO", Path(__file__).parents[3] / "shared" / "audio"))
TOKEN = "0123456789abcdef0123456789abcdef"
LONG = (
    "The Brooklyn Bridge was opened in the year eighteen eighty three. It joins Manhattan and "
    "Brooklyn over the East River, and people have walked across it ever since that day."
)
ENTRY = f"""---
id: brooklyn-bridge
department: general
en:
  question: How old is the Brooklyn Bridge?
  phrasings: [when was the Brooklyn Bridge built, what age is the Brooklyn Bridge]
  answer: {LONG}
---
The bridge is a suspension bridge.
"""
AGENT = """
greeting:
  en: Hello.
phrases:
  en:
    idle: Still there?
    idle_again: Hello again?
    idle_end: Nobody there. Goodbye.
    too_long: Time is over. Goodbye.
    welcome_back: We were cut off.
    person: I cannot put you through yet.
"""
TRANSCRIPTS = {
    "google_brooklyn": "How old is the Brooklyn Bridge?",
    "azure_weather_mulaw": "What's the weather like?",
    "dograh_yes": "Yes.",
    "dograh_midpauses": (
        "This is something that I am testing to make sure that the VAD is working properly."
    ),
    "google_df_today": "Today.",
}


def clip(name: str) -> Clip:
    return Clip.read(AUDIO / f"{name}.wav", transcript=TRANSCRIPTS.get(name, ""), language="en")


@dataclass(frozen=True, slots=True)
class Scene:
    script: Script
    conditions: Conditions = field(default_factory=Conditions)


@dataclass(slots=True)
class Played:
    """A finished scene with all that was noticed of it."""

    report: CallReport
    witness: Witness
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def sid(self) -> str:
        return self.report.call_sid


@dataclass(slots=True)
class Stage:
    """A service on simulated providers, and who calls it."""

    service: Service
    witness: Witness
    twilio: Twilio
    deepgram: Deepgram
    openai: OpenAI
    voice: ElevenLabs
    rest: TwilioRest

    async def play(self, scene: Scene) -> Played:
        report = await self.twilio.call(
            f"{self.service.url}/twilio/voice", scene.script, scene.conditions
        )
        return Played(report, self.witness)


@asynccontextmanager
async def stage(folder: Path, **variables: str) -> AsyncIterator[Stage]:
    """The product as it is served, except that its providers stand on this machine."""
    knowledge = folder / "knowledge"
    knowledge.mkdir(parents=True, exist_ok=True)
    (knowledge / "bridge.md").write_text(ENTRY)
    (knowledge / "agent.yaml").write_text(AGENT)
    recordings = [Recording(text, "en", clip(name).pcm, name) for name, text in TRANSCRIPTS.items()]
    witness = Witness()
    account = Account(token=TOKEN)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        deepgram = await enter(Deepgram(recordings))
        openai = await enter(OpenAI(table({"weather": "It is sunny today. Enjoy your day."})))
        voice = await enter(ElevenLabs())
        rest = await enter(TwilioRest(account))
        settings = load(
            {
                "LANGUAGES": "en",
                "DATA_DIR": str(folder),
                "KNOWLEDGE_DIR": str(knowledge),
                "DEEPGRAM_API_KEY": "dg",
                "DEEPGRAM_BASE_URL": deepgram.url,
                "OPENAI_API_KEY": "sk",
                "OPENAI_BASE_URL": openai.api,
                "ELEVENLABS_API_KEY": "el",
                "ELEVENLABS_BASE_URL": voice.url,
                "TWILIO_ACCOUNT_SID": account.sid,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_API_BASE_URL": rest.url,
                **variables,
            },
            None,
        )
        service = await enter(serving(settings, stages=witness.stages, also=witness.emit))
        twilio = await enter(Twilio(account, rest=rest))
        yield Stage(service, witness, twilio, deepgram, openai, voice, rest)


def scenes() -> Mapping[str, Scene]:
    """Calls to a service with the usual settings."""
    bridge, weather = clip("google_brooklyn"), clip("azure_weather_mulaw")
    yes = clip("dograh_yes").trimmed()
    broken: list[str | bytes] = [
        "nonsense", "[]", "null", b"\x00\x01", '{"event":"media","media":{"payload":7}}',
        '{"event":"media","media":{"payload":"%%"}}', '{"event":"dtmf","dtmf":null}',
        '{"event":"start"}', '{"event":"connected"}', '{"event":"mark","mark":{"name":"9.9"}}',
    ]  # fmt: skip

    async def hang_up_in_the_answer(caller: Caller) -> None:
        await caller.listen()
        await caller.say(bridge)
        await caller.hear()
        await caller.silence(0.5)

    return {
        "known": Scene([Listen(), Say(bridge), Listen()]),
        "model": Scene([Listen(), Say(weather), Listen()]),
        "barge_in": Scene([Listen(), Say(bridge), Interrupt(weather.trimmed(), 1.5), Listen()]),
        "backchannel": Scene(
            [Listen(), Say(bridge), Interrupt(yes, 1.5, wants_answer=False), Listen()]
        ),
        "echo": Scene([Listen(), Say(bridge), Listen()], Conditions(echo=Echo(-20, 0.15))),
        "pauses": Scene([Listen(), Say(clip("dograh_midpauses")), Listen()]),
        "key": Scene([Hear(), Press("0"), Listen()]),
        "hang_up": Scene(hang_up_in_the_answer),
        "malformed": Scene(
            [Listen(), *(Send(text) for text in broken), Say(bridge), Listen()]
        ),
        "replayed": Scene([Listen(), OpenAgain(0.5), Say(bridge), Listen()]),
        "duplicated": Scene([Listen(), Say(bridge), Listen()], Conditions(webhook_copies=2)),
        "reopened": Scene([Listen(), Say(weather), Listen(), BreakStream(), Listen(), Say(bridge),
                           Listen()]),
        "oversized": Scene([Listen(), Send("x" * 70_000), Listen(), Say(bridge), Listen()]),
    }  # fmt: skip


def impatient_scenes() -> Mapping[str, Scene]:
    """Calls to a service that waits for nobody."""
    babble = clip("sb_noise_babble")
    return {
        "silence": Scene([Stay(30)]),
        "noise": Scene([Stay(30)], Conditions(noise=Noise(babble, snr=10))),
    }


async def play_all(folder: Path) -> dict[str, Played]:
    """All scenes at once, in services of their own where their settings differ."""
    played: dict[str, Played] = {}
    async with (
        stage(folder / "usual") as usual,
        stage(folder / "impatient", IDLE_PROMPT="1.2", EARS="local") as impatient,
        stage(folder / "short", MAX_CALL="4") as short,
    ):

        async def play(on: Stage, name: str, scene: Scene) -> None:
            played[name] = await on.play(scene)

        async with asyncio.TaskGroup() as group:
            for index, (name, scene) in enumerate(scenes().items()):
                group.create_task(play(usual, name, scene))
                await asyncio.sleep(0.15 if index else 0)
            for name, scene in impatient_scenes().items():
                group.create_task(play(impatient, name, scene))
            group.create_task(play(short, "too_long", Scene([Stay(30)])))
        for one in played.values():
            one.more["prompts"] = list(usual.openai.requests)
        await asyncio.sleep(1.0)  # what a hang-up leaves open is looked at a second later
        played["hang_up"].more["open"] = (usual.deepgram.seen.open, usual.voice.seen.open)
    return played
