"""Whole calls in trouble: a caller asks while a provider is well, while it is not, and after."""

import asyncio
import gc
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.openai import OpenAI, Writing, table
from agent.simulators.server import Behaviour, Simulator
from agent.simulators.twilio import Caller
from knowledge.events import Closed, Opened, Turn
from tests.calls.house import OPENED, PARIS, House, Played, Said, open_house
from tests.eventually import until
from tests.faults.cell import BACK, Cell
from tests.faults.rig import FAULTS, RETRY_AFTER
from tests.faults.speaking import port
from tests.faults.wire import SPOKEN, Trouble, Wire

BRIDGE = Said("google_brooklyn", "How old is the Brooklyn Bridge?")
CAPITAL = Said("azure_weather_mulaw", "What is the capital of France?")
ANSWERED = 2.0
"""Seconds from the end of the caller's turn to the answer; a filler is none."""


@dataclass(frozen=True, slots=True)
class Part:
    """The provider that is in trouble, and a question that needs it."""

    service: str
    variable: str
    mid: int
    asks: Said
    answer: str


PARTS = (
    Part("STT", "DEEPGRAM_BASE_URL", 700, BRIDGE, OPENED),
    Part("LLM", "OPENAI_BASE_URL", 1500, CAPITAL, PARIS),
    Part("TTS", "ELEVENLABS_BASE_URL", 9000, BRIDGE, OPENED),
)


async def play(part: Part, trouble: Trouble, folder: Path) -> Cell:
    """Its figures are those of the service's own turns."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        spare = await enter(_model())
        provider = await enter(_provider(part))
        wire = await enter(Wire(port(provider.url), mid=part.mid))
        root = f"http://127.0.0.1:{wire.port}" + ("/v1" if part.service == "LLM" else "")
        variables = {
            part.variable: root,
            "FALLBACK_LLM_API_KEY": "sk2",
            "FALLBACK_LLM_BASE_URL": spare.api,
            "FALLBACK_LLM_MODEL": "m",
        }
        house = await enter(open_house(folder, [BRIDGE, CAPITAL], **variables))

        async def be(now: Trouble | None) -> None:
            await wire.be(now)
            fault = FAULTS[now if now in SPOKEN else None]
            await provider.behave(fault=fault, retry_after=RETRY_AFTER)
            if now in SPOKEN:
                wire.cut()

        async def act(house: House, caller: Caller, more: dict[str, Any]) -> None:
            await house.asks(caller, part.asks, part.answer)
            await be(trouble)
            for _ in range(3):
                await house.asks(caller, part.asks, part.answer)
            await be(None)
            loop = asyncio.get_running_loop()
            healed = loop.time()
            await until(lambda: not _left_alone(house, part.service), within=BACK)
            more["back"] = loop.time() - healed
            await caller.silence(1.5)  # ears go back between two turns
            await house.asks(caller, part.asks, part.answer)

        played = await house.play(trouble.value, act)
    return _judged(part, trouble, played)


def _provider(part: Part) -> Simulator:
    match part.service:
        case "STT":
            said = (BRIDGE, CAPITAL)
            known = [Recording(s.text, s.language, s.clip.pcm, s.recording) for s in said]
            return Deepgram(known, behaviour=Behaviour(latency=0.1))
        case "LLM":
            return _model()
        case _:
            return ElevenLabs(behaviour=Speaking(latency=0.1, pace=0.0))


def _model() -> OpenAI:
    return OpenAI(table({"France": PARIS}), behaviour=Writing(latency=0.1, pace=0.005))


def _left_alone(house: House, service: str) -> bool:
    news = [*house.witness.events("", Opened), *house.witness.events("", Closed)]
    own = [one for one in news if one.service == service_of(service)]
    return sum(isinstance(one, Opened) for one in own) > sum(isinstance(one, Closed) for one in own)


def service_of(part: str) -> str:
    return {"STT": "ears", "LLM": "model", "TTS": "voice"}[part]


def _judged(part: Part, trouble: Trouble, played: Played) -> Cell:
    turns: list[Turn] = played.events(Turn)
    answers = [turn.answer for turn in turns] + [0.0] * (5 - len(turns))
    problems = [played.report.failure] if played.report.failure else []
    said = sum(text.count(part.answer) for text in played.spoken)
    if said != len(turns) or len(turns) != 5:
        problems.append(f"{len(turns)} turns, answered {said} times")
    problems += [f"answered after {late:.2f} s" for late in answers if late > ANSWERED]
    problems += [str(warning) for warning in played.report.warnings]
    return Cell(
        f"{part.service} (call)",
        trouble.value,
        answers[0],
        answers[1],
        answers[3],
        float(played.more.get("back", 0.0)),
        tuple(problems),
    )


async def calls(folder: Path, troubles: Mapping[str, list[Trouble]]) -> list[Cell]:
    """One after the other: a call is in real time, and so must the machine be."""
    found = []
    for part in PARTS:
        for trouble in troubles.get(part.service, []):
            place = folder / f"{part.service}-{trouble.name}"
            place.mkdir(parents=True)
            try:
                found.append(await play(part, trouble, place))
            except Exception as error:  # noqa: BLE001 (what broke is a finding)
                problem = f"{type(error).__name__}: {error}"
                name = f"{part.service} (call)"
                found.append(Cell(name, trouble.value, 0.0, 0.0, 0.0, 0.0, (problem,)))
            sys.stderr.write(f"{part.service} {trouble.value}: {found[-1].problems or 'well'}\n")
            gc.collect()  # a service holds models of some hundred megabytes
    return found
