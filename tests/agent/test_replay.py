"""A call is said to the service, its recording is run again, and once more on other content."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result
from typer.testing import CliRunner

from agent.cli import app
from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.openai import OpenAI, Writing, table
from tests import recordings
from tests.agent.replaying.legs import RATE, leg, write

BRIDGE = "How old is the Brooklyn Bridge?"
WEATHER = "What's the weather like?"
SAID = {"google_brooklyn": BRIDGE, "azure_weather_mulaw": WEATHER}
AGENT = """
greeting: {en: Hello.}
phrases:
  en: {recorded: It is recorded.}
"""
ENTRY = """---
id: {name}
department: general
en:
  question: {question}
  phrasings: [{phrasing}]
  answer: {answer}
---
"""


@asynccontextmanager
async def vendors() -> AsyncIterator[dict[str, str]]:
    """Their addresses."""
    heard = [Recording(text, "en", recordings.clip(name).pcm, name) for name, text in SAID.items()]
    async with (
        Deepgram(heard) as ears,
        OpenAI(table({}), behaviour=Writing(latency=0.0, pace=0.0)) as model,
        ElevenLabs(behaviour=Speaking(latency=0.0, pace=0.0)) as voice,
    ):
        yield {
            "DEEPGRAM_BASE_URL": ears.url,
            "OPENAI_BASE_URL": model.api,
            "ELEVENLABS_BASE_URL": voice.url,
        }


@contextmanager
def beside() -> Iterator[dict[str, str]]:
    """The same, while the command has this thread."""
    ready, over = threading.Event(), asyncio.Event()
    addresses: dict[str, str] = {}
    loop = asyncio.new_event_loop()

    async def open_them() -> None:
        async with vendors() as found:
            addresses.update(found)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(open_them()))
    thread.start()
    try:
        assert ready.wait(30.0)
        yield addresses
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30.0)
        loop.close()


@dataclass(frozen=True, slots=True)
class Runs:
    first: Result
    """Of a recording of no more than sound."""
    again: Result
    """Of the first call's own recording, after one of the two answers was taken away."""
    folder: Path

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.again.stdout)
        return found


def entry(name: str, question: str, phrasing: str, answer: str) -> str:
    return ENTRY.format(name=name, question=question, phrasing=phrasing, answer=answer)


def replay(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def asked(place: Path) -> Path:
    """The caller asks twice, and nobody has answered."""
    legs = b"".join(
        bytes(2 * RATE) + recordings.clip(name).trimmed().pcm + bytes(RATE) for name in SAID
    )
    return write(place, legs, bytes(len(legs)))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("replay")
    knowledge, kept = folder / "knowledge", folder / "kept"
    knowledge.mkdir()
    (knowledge / "agent.yaml").write_text(AGENT)
    (knowledge / "bridge.md").write_text(
        entry("bridge", BRIDGE, "what age is the bridge", "It is old.")
    )
    (knowledge / "weather.md").write_text(entry("weather", WEATHER, "will it rain", "It is fine."))
    data = folder / "data"
    data.mkdir()
    (data / "speech").touch()  # nothing is spoken ahead
    with pytest.MonkeyPatch.context() as patch, beside() as addresses:
        variables = {
            **addresses,
            "DEEPGRAM_API_KEY": "dg",
            "OPENAI_API_KEY": "sk",
            "ELEVENLABS_API_KEY": "el",
            "DATA_DIR": str(data),
            "KNOWLEDGE_DIR": str(knowledge),
            "EMBEDDING": "none",
            "LOCAL_MODELS_DIR": str(knowledge),  # no recogniser of our own, which takes a second
            "LANGUAGES": "en",
            "PUBLIC_URL": "https://voice.example.com",
            "REDIS_URL": "redis://127.0.0.1:1/0",
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        first = replay(asked(folder / "call.wav"), "--record", kept)
        (knowledge / "weather.md").unlink()
        again = replay(next(kept.glob("*.wav")), "--json")
    return Runs(first, again, folder)


def test_a_recording_of_nothing_but_sound_is_run_again(runs: Runs) -> None:
    assert runs.first.exit_code == 0, runs.first.output
    assert "2 turns; nothing is known of then: there is no .jsonl" in runs.first.output
    assert re.search(r"heard +How old is the Brooklyn Bridge\?", runs.first.output)
    assert "now:  ears deepgram; model openai, local; voice elevenlabs" in runs.first.output


def test_a_turn_whose_answer_is_the_same_went_the_same_way(runs: Runs) -> None:
    bridge, _ = runs.told["turns"]
    assert bridge["outcome"] == "same"
    for one in (bridge["then"], bridge["now"]):
        assert (one["heard"], one["route"], one["entry"]) == (BRIDGE, "knowledge", "bridge")
        assert one["said"] == "It is old."
        assert 0 < one["voice_to_voice"] < 5


def test_a_turn_whose_answer_was_taken_away_went_another_way(runs: Runs) -> None:
    _, weather = runs.told["turns"]
    assert (weather["outcome"], weather["then"]["entry"]) == ("other", "weather")
    assert weather["now"]["route"] != "knowledge"
    assert {"route", "said"} <= set(weather["differs"])
    assert "heard" not in weather["differs"]
    assert (runs.told["same"], runs.told["other"], runs.again.exit_code) == (1, 1, 1)


def test_it_says_who_was_asked(runs: Runs) -> None:
    assert runs.told["providers"]["now"]["ears"] == "deepgram"
    assert runs.told["providers"]["then"]["voice"] == "elevenlabs"


def test_nothing_of_it_is_kept_among_real_calls(runs: Runs) -> None:
    assert [file.name for file in (runs.folder / "data").iterdir()] == ["speech"]


@pytest.mark.parametrize(
    ("name", "rate", "channels", "found"),
    [
        ("mono.wav", RATE, 1, "8000 Hz, 16 bit, 1 channel;"),
        ("fast.wav", 16000, 2, "16000 Hz, 16 bit, 2 channels;"),
        ("words.wav", 0, 0, "words.wav:"),
        ("missing.wav", -1, 0, "missing.wav: No such file or directory;"),
    ],
)
def test_what_is_no_recording_is_a_mistake(
    tmp_path: Path, name: str, rate: int, channels: int, found: str
) -> None:
    file = tmp_path / name
    if rate > 0:
        write(file, *[leg((1.0, 2.0), seconds=3.0)] * channels, rate=rate)
    elif rate == 0:
        file.write_text("RIFF and so on")
    result = replay(file)
    assert result.exit_code == 2
    assert found in result.stderr
    assert (
        "expected a recording of a call, a WAV of 8000 Hz, 16 bit and 2 channels" in result.stderr
    )


@pytest.mark.parametrize("line", ["hello", '{"kind": "final"}', '{"at": 1, "kind": 2}', "[]"])
def test_what_lies_beside_a_recording_and_is_no_event_is_named(tmp_path: Path, line: str) -> None:
    file = write(tmp_path / "call.wav", *[leg((1.0, 2.0), seconds=3.0)] * 2)
    file.with_suffix(".jsonl").write_text(f'{{"at": 0, "kind": "recording"}}\n{line}\n')
    result = replay(file)
    assert result.exit_code == 2
    assert "call.jsonl, line 2: expected an event of a call" in result.stderr
