"""Recorded words against the tests' own agent, over sockets, in real time."""

from collections.abc import Sequence

import pytest

from agent.replaying.speaker import Speaker
from agent.replaying.stretches import PAUSE, Cue, Stretch
from agent.simulators.twilio import Account, CallReport, Twilio
from tests.agent.replaying.legs import leg
from tests.agent.simulators.reference import ReferenceAgent

pytestmark = pytest.mark.wire
BUSY = 0.5
"""Seconds that a busy machine may add."""


def words(kind: str, seconds: float) -> Stretch:
    cue = Cue("into" if kind == "into" else "after", seconds)
    return Stretch(9.0, 9.3, cue, leg((0.1, 0.4), seconds=0.5))


async def spoken(
    stretches: Sequence[Stretch | None], **manners: float
) -> tuple[CallReport, list[int], Speaker]:
    told: list[int] = []
    speaker = Speaker(stretches, told.append)
    async with ReferenceAgent(Account(), **manners) as agent, Twilio(agent.account) as twilio:
        report = await twilio.call(agent.voice, speaker.script)
    assert report.failure == ""
    return report, told, speaker


async def test_the_caller_waits_for_the_end_of_whatever_is_said_now() -> None:
    report, told, _ = await spoken(
        [words("after", 1.0), words("after", 0.2)], greeting=0.3, answer=1.2
    )
    first, second = report.turns
    greeting, answer, _ = report.spans
    assert 1.0 <= first.began - greeting.end <= 1.2 + BUSY
    assert PAUSE <= second.began - answer.end <= PAUSE + 0.2 + BUSY, "not into a pause of the agent"
    assert told == [0, 1]


async def test_an_interruption_is_as_far_into_what_is_said_now() -> None:
    report, _, _ = await spoken([words("into", 0.7)], greeting=2.0)
    [turn], greeting = report.turns, report.spans[0]
    assert turn.interrupted
    assert 0.7 <= turn.began - greeting.start <= 0.9 + BUSY


async def test_what_cannot_be_said_is_passed_over_behind_the_greeting() -> None:
    report, told, speaker = await spoken([None, words("after", 5.0)], greeting=0.3)
    [turn], greeting = report.turns, report.spans[0]
    assert PAUSE <= turn.began - greeting.end <= PAUSE + 0.2 + BUSY
    assert told == [1]
    assert speaker.moments[0] is None
    assert speaker.moments[1] is not None


async def test_an_agent_that_hangs_up_ends_it() -> None:
    report, told, speaker = await spoken([words("after", 0.8)] * 2, greeting=0.3, close_after=30)
    assert (report.ended_by, told, speaker.moments) == ("agent", [], [None, None])
