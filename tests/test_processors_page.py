"""docs/processors.md: what it shows is what it says."""

import asyncio
import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pipecat.frames.frames import TranscriptionFrame
from pipecat.processors.frame_processor import FrameProcessor

from processors.contract import PROMISES, Bench, Promise, check

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "processors.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """What the page's code defines, run from top to bottom."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCKS:
        exec(compile(block, "docs/processors.md", "exec"), names)
    return names


def test_the_tests_that_it_shows_pass(shown: dict[str, Any]) -> None:
    tests = {name: test for name, test in shown.items() if name.startswith("test_")}
    assert set(tests) == {"test_shout_keeps_every_promise", "test_shout", "test_shout_is_loud"}
    tests["test_shout_keeps_every_promise"]()
    asyncio.run(tests["test_shout_is_loud"]())


@pytest.mark.parametrize("promise", PROMISES, ids=str)
def test_its_parametrised_test_passes(shown: dict[str, Any], promise: Promise) -> None:
    assert inspect.iscoroutinefunction(shown["test_shout"])
    asyncio.run(shown["test_shout"](promise))


async def test_its_stage_that_asks_somebody_drops_coughs(shown: dict[str, Any]) -> None:
    async def spell(text: str) -> str:
        return text.title()

    patient = shown["Patient"]
    async with Bench(patient(spell)) as bench:
        for text in ("[cough]", "maria"):
            await bench.send(TranscriptionFrame(text, "caller", ""))
        await bench.settle()
    assert [f.text for f in bench.got() if isinstance(f, TranscriptionFrame)] == ["Maria"]
    await check(lambda: patient(spell), TranscriptionFrame("maria", "caller", ""))


async def test_its_direct_stage_keeps_every_promise(shown: dict[str, Any]) -> None:
    audio = shown["InputAudioRawFrame"](bytes(320), 8000, 1)
    await check(shown["Gate"], audio)


async def test_another_packages_stages_take_their_place_in_the_list(
    shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ears, route = FrameProcessor(name="ears"), FrameProcessor(name="route")
    call = SimpleNamespace(ears=ears)
    monkeypatch.setitem(shown, "usual", lambda _call: [ears, route])
    monkeypatch.setenv("ACME_STT_KEY", "none")
    kinds = [type(stage).__name__ for stage in shown["stages"](call)]
    assert kinds == ["FrameProcessor", "Shout", "FrameProcessor"]
    kinds = [type(stage).__name__ for stage in shown["stages_with_other_ears"](call)]
    assert kinds == ["OpenAISTTService", "Adopt", "FrameProcessor"]
    await check(shown["Adopt"], TranscriptionFrame("hola", "caller", ""))


def test_its_table_of_metadata_is_complete() -> None:
    source = (Path(__file__).resolve().parents[1] / "processors" / "frames.py").read_text("utf-8")
    keys = re.findall(r"^([A-Z]+) = Key\[", source, re.MULTILINE)
    assert keys
    assert [key for key in keys if f"| `{key}` |" not in PAGE] == []
