"""Load tests against the tests' own agent."""

import io
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from agent.load import Mistake, Plan, Report, Scenario, launch, run
from agent.simulators.twilio import Hear, Listen, Say, Silence
from tests.agent.simulators.reference import ReferenceAgent, question

pytestmark = pytest.mark.load
ASK = Scenario("ask", lambda _: [Listen(pause=0.1), Say(question()), Listen(pause=0.1)])


async def test_callers_come_call_and_call_again() -> None:
    seen: list[Report] = []
    async with ReferenceAgent() as agent:
        plan = Plan(agent.voice, (ASK,), users=5, spawn_rate=50, seconds=3.0, pause=0.05)
        report = await run(plan, on_progress=seen.append)
    assert report.failures == {}
    assert report.calls == report.completed > 5, "12 alone on a machine"
    assert report.most_at_once == 5
    assert report.voice_to_voice is not None
    assert 0.05 < report.voice_to_voice.p50 < 1.0, "0.11 alone on a machine"
    assert seen
    assert seen[-1].calls <= report.calls


async def test_calls_that_do_not_end_are_cut_short() -> None:
    endless = Scenario("endless", lambda _: [Silence(60.0)])
    async with ReferenceAgent() as agent:
        report = await run(Plan(agent.voice, (endless,), users=2, seconds=0.3, grace=0.2))
    assert (report.calls, report.cut_short) == (1, 1)


async def test_failures_are_told_by_reason() -> None:
    unheard = Scenario("unheard", lambda _: [Hear(within=0.1)])
    async with ReferenceAgent(greeting=0.0) as agent:
        report = await run(Plan(agent.voice, (unheard,), seconds=0.2))
    assert report.failures == {"the caller waited 0.1 s to hear the agent": 1}


async def test_an_agent_that_is_not_there_is_a_failure_not_an_error() -> None:
    report = await run(Plan("http://127.0.0.1:1/voice", (ASK,), seconds=0.1))
    assert report.failed == report.calls == 1


async def test_launch_prints_and_writes_its_report(tmp_path: Path) -> None:
    out = io.StringIO()
    async with ReferenceAgent() as agent:
        await launch(
            agent.voice,
            seconds=0.1,
            clips=[question()],
            questions=1,
            report_path=tmp_path / "deep" / "report.json",
            console=Console(file=out, width=100),
        )
    assert "voice-to-voice" in out.getvalue()
    assert orjson.loads((tmp_path / "deep" / "report.json").read_bytes())["calls"] == 1


async def test_launch_without_recordings_is_a_mistake() -> None:
    with pytest.raises(Mistake, match="recordings"):
        await launch("http://127.0.0.1:1/voice")


async def test_another_machine_needs_a_token() -> None:
    with pytest.raises(Mistake, match="token"):
        await launch("https://agent.example/voice", clips=[question()], yes=True)
