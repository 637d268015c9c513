"""Whole simulated calls against the tests' own agent, over sockets, in real time."""

import asyncio
import base64
import wave
from pathlib import Path

import numpy as np
import pytest

from agent.simulators.twilio import (
    BreakStream,
    Caller,
    CallReport,
    Clip,
    Code,
    Conditions,
    Dialled,
    HangUp,
    Hear,
    Interrupt,
    Listen,
    Network,
    OnDrop,
    OpenAgain,
    Press,
    Say,
    Send,
    Silence,
    Stay,
    Twilio,
)
from agent.simulators.twilio.webhook import Limits
from tests.agent.simulators.reference import ReferenceAgent, question, tone

pytestmark = pytest.mark.wire
BUSY = 0.5
"""Seconds that a busy machine may take longer than the protocol does."""
SHORT = Listen(pause=0.2, within=30.0)


def soon(seconds: float | None, protocol: float) -> bool:
    """Whether it took as long as the protocol takes, and what the machine may add."""
    return seconds is not None and protocol - 0.03 <= seconds <= protocol + BUSY


def codes(report: CallReport) -> list[int]:
    return [notice.code for notice in report.warnings]


async def test_a_call_from_greeting_to_hang_up(agent: ReferenceAgent, twilio: Twilio) -> None:
    agent.manners.lead = 1.0
    script = [SHORT, Say(question()), SHORT, HangUp()]
    report = await twilio.call(agent.voice, script)
    assert (report.failure, report.ended_by, report.warnings) == ("", "caller", ())
    (turn,) = report.turns
    assert soon(turn.voice_to_voice, 0.11)
    assert soon(report.greeting, 0.0)
    assert soon(report.ready, 0.0)
    assert report.gaps == ()
    assert [mark.name for mark in report.marks] == ["greeting", "answer"]
    assert all(agent.signatures)
    assert [event["event"] for event in agent.messages[:3]] == ["connected", "start", "media"]
    assert agent.messages[-1]["event"] == "stop"
    assert agent.received("start")[0]["start"]["customParameters"] == {"token": "t1"}


async def test_the_agent_gets_the_callers_words_sample_by_sample(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    clip = question(0.3)
    await twilio.call(agent.voice, [SHORT, Say(clip), SHORT])
    spoken = b"".join(one.mulaw for one in clip.packets)
    assert spoken in bytes(agent.caller)
    stamps = [int(event["media"]["timestamp"]) for event in agent.received("media")]
    steps = np.diff(stamps)
    assert set(steps.tolist()) <= {19, 20, 21}


async def test_marks_come_back_as_the_audio_is_played(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    report = await twilio.call(agent.voice, [SHORT])
    (mark,) = report.marks
    (span,) = report.spans
    assert mark.echoed is not None
    assert 0.0 <= mark.echoed - span.end <= 0.02 + BUSY
    assert [event["mark"]["name"] for event in agent.received("mark")] == ["greeting"]


async def test_an_interruption_is_measured_to_silence(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.greeting = 3.0
    report = await twilio.call(agent.voice, [Interrupt(question(0.3), after=0.4), SHORT])
    (turn,) = report.turns
    assert turn.interrupted
    assert soon(turn.silenced, 0.02)
    assert len(report.clears) == 1
    assert soon(turn.began, report.spans[0].start + 0.4)


async def test_a_hole_in_the_speech_is_a_gap_of_its_length(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.hole = 0.3
    report = await twilio.call(agent.voice, [Listen(pause=0.5)])
    assert any(soon(gap.seconds, 0.3 - agent.manners.lead) for gap in report.gaps)


async def test_both_legs_are_recorded_in_step(
    agent: ReferenceAgent, twilio: Twilio, tmp_path: Path
) -> None:
    report = await twilio.call(
        agent.voice, [SHORT, Say(question()), SHORT], Conditions(recording_dir=tmp_path)
    )
    assert report.recording is not None
    with wave.open(str(report.recording), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        stereo = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    (turn,) = report.turns
    caller, answerer = (np.flatnonzero(np.abs(stereo[:, leg]) > 103) / 8000 for leg in (0, 1))
    assert caller[0] == pytest.approx(turn.began, abs=0.005)
    assert caller[-1] == pytest.approx(turn.ended, abs=0.005)
    assert answerer[0] == pytest.approx(report.spans[0].start, abs=0.005)
    assert turn.answered is not None
    assert answerer[answerer > turn.ended][0] == pytest.approx(turn.answered, abs=0.005)


async def test_digits_reach_the_agent(agent: ReferenceAgent, twilio: Twilio) -> None:
    await twilio.call(agent.voice, [SHORT, Press("0#")])
    assert [event["dtmf"]["digit"] for event in agent.received("dtmf")] == ["0", "#"]


async def test_a_delayed_network_is_part_of_voice_to_voice(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    conditions = Conditions(network=Network(delay=0.2))
    report = await twilio.call(agent.voice, [SHORT, Say(question()), SHORT], conditions)
    assert soon(report.turns[0].voice_to_voice, 0.32)


async def test_what_twilio_refuses_is_warned_of_once(agent: ReferenceAgent, twilio: Twilio) -> None:
    agent.manners.first = [b"\x00", "not json", "[]", '{"event":"sing","streamSid":"{sid}"}', b"2"]
    report = await twilio.call(agent.voice, [SHORT])
    assert codes(report) == [Code.STREAM_BINARY, Code.STREAM_MESSAGE]
    assert report.streams[0].refused == 3
    assert report.failure == ""


async def test_a_breach_of_the_websocket_protocol_is_an_error(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.breach = True
    report = await twilio.call(agent.voice, [Stay(within=30.0)])
    assert codes(report) == [Code.STREAM_PROTOCOL]
    assert "/ended" in [path for path, _ in agent.forms]


async def test_the_action_follows_when_the_agent_closes_the_stream(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.goodbye = "9"
    report = await twilio.call(agent.voice, [SHORT, Press("9"), Stay(within=30.0)])
    assert [path for path, _ in agent.forms if path != "/status"] == ["/voice", "/ended"]
    assert (report.ended_by, report.failure) == ("agent", "")
    assert (report.streams[0].ended_by, report.streams[0].close_code) == ("agent", 1000)


async def test_a_stream_can_be_opened_again_by_the_action(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.ended = (
        f'<Response><Connect><Stream url="{agent.url.replace("http", "ws")}/media"/></Connect>'
        "</Response>"
    )
    report = await twilio.call(agent.voice, [SHORT, Silence(0.2), BreakStream(), SHORT])
    assert [stream.ended_by for stream in report.streams] == ["lost", "twilio"]
    assert report.streams[0].close_code == 1006
    assert codes(report) == [Code.STREAM_CLOSED]
    assert len(report.spans) == 2


@pytest.mark.parametrize(
    ("on_drop", "paths"), [(OnDrop.NEXT, ["/voice", "/next"]), (OnDrop.END, ["/voice"])]
)
async def test_what_follows_a_lost_socket_can_be_chosen(
    agent: ReferenceAgent, twilio: Twilio, on_drop: OnDrop, paths: list[str]
) -> None:
    agent.manners.twiml = (
        '<Response><Connect action="/ended"><Stream url="{ws}/media"/></Connect>'
        "<Redirect>/next</Redirect></Response>"
    )
    agent.manners.close_after, agent.manners.abort = 5, True
    await twilio.call(agent.voice, [Stay(within=30.0)], Conditions(on_drop=on_drop))
    assert [path for path, _ in agent.forms] == paths


async def test_a_stream_that_is_refused_ends_in_the_action(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.refuse = 503
    report = await twilio.call(agent.voice, [Stay(within=30.0)])
    assert codes(report) == [Code.STREAM_HANDSHAKE]
    assert report.streams[0].status == 503
    assert "/ended" in [path for path, _ in agent.forms]


async def test_the_stream_tells_its_status(agent: ReferenceAgent, twilio: Twilio) -> None:
    conditions = Conditions(status_callback=f"{agent.url}/status")
    await twilio.call(agent.voice, [SHORT], conditions)
    told = [form for path, form in agent.forms if path == "/status"]
    assert [form.get("StreamEvent") for form in told] == ["stream-started", "stream-stopped", None]
    assert told[-1]["CallStatus"] == "completed"


async def test_a_duplicate_webhook_is_signed_and_posted_alike(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    report = await twilio.call(agent.voice, [SHORT], Conditions(webhook_copies=2))
    first, second = (form for path, form in agent.forms if path == "/voice")
    assert first == second
    assert len([one for one in report.webhooks if one.url == agent.voice]) == 2
    assert len(agent.streams) == 1


async def test_a_slow_webhook_is_asked_again(agent: ReferenceAgent) -> None:
    agent.manners.delay = 20.0
    async with Twilio(agent.account, limits=Limits(total=1.0)) as twilio:
        report = await twilio.call(agent.voice, [SHORT])
    assert [one.status for one in report.webhooks[:2]] == [0, 200]
    assert report.failure == ""


async def test_a_webhook_that_never_answers_fails_the_call(agent: ReferenceAgent) -> None:
    async with Twilio(agent.account) as twilio:
        report = await twilio.call("http://127.0.0.1:1/voice#rc=0", [SHORT])
    assert codes(report) == [Code.WEBHOOK_FAILED]
    assert report.ended_by == "failure"


async def test_the_wrong_content_type_is_refused(agent: ReferenceAgent, twilio: Twilio) -> None:
    agent.manners.content_type = "application/json"
    report = await twilio.call(agent.voice, [SHORT])
    assert codes(report) == [Code.BAD_CONTENT_TYPE]


async def test_the_fallback_is_asked_where_the_webhook_fails(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.content_type = "text/html"
    report = await twilio.call(
        agent.voice, [Stay(within=30.0)], Conditions(fallback=f"{agent.url}/next")
    )
    path, form = agent.forms[-1]
    assert (path, form["ErrorCode"]) == ("/next", "12300")
    assert report.ended_by == "agent"


async def test_a_second_stream_with_the_same_token_is_opened_beside_the_first(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    report = await twilio.call(agent.voice, [SHORT, OpenAgain(0.1), Say(question()), SHORT])
    first, second = report.streams
    starts = agent.received("start")
    assert [start["start"]["callSid"] for start in starts] == [report.call_sid] * 2
    assert {start["streamSid"] for start in starts} == {first.stream_sid, second.stream_sid}
    assert starts[0]["start"]["customParameters"] == starts[1]["start"]["customParameters"]
    assert report.failure == ""


async def test_raw_messages_go_out_as_they_are(agent: ReferenceAgent, twilio: Twilio) -> None:
    report = await twilio.call(agent.voice, [SHORT, Send("{"), Send('{"event":"odd"}'), SHORT_WAIT])
    assert {"event": "odd"} in agent.messages
    assert report.failure == ""


SHORT_WAIT = Silence(0.1)


async def test_a_public_address_is_signed_and_the_local_one_dialled(agent: ReferenceAgent) -> None:
    agent.manners.twiml = (
        '<Response><Connect><Stream url="wss://agent.example/media"/></Connect></Response>'
    )
    async with Twilio(agent.account, dial=agent.url) as twilio:
        report = await twilio.call("https://agent.example/voice", [SHORT])
    assert report.failure == ""
    assert agent.headers[0]["X-Twilio-Signature"] == agent.account.sign("wss://agent.example/media")


async def test_nothing_but_loopback_is_dialled(twilio: Twilio) -> None:
    report = await twilio.call("https://agent.example/voice", [SHORT])
    assert "only loopback" in report.failure


async def test_say_pause_dial_and_gather_take_their_course(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.twiml = (
        '<Response><Say>One moment</Say><Gather numDigits="2" timeout="1" action="/next">'
        "<Say>Press</Say></Gather></Response>"
    )
    agent.manners.ended = "<Response><Dial><Number>+15550199</Number></Dial></Response>"
    conditions = Conditions(say_rate=0, dial=Dialled(seconds=0.05))
    report = await twilio.call(agent.voice, [Press("42"), Stay(within=30.0)], conditions)
    assert report.spoken == ("One moment", "Press")
    assert agent.forms[-1][1]["Digits"] == "42"
    assert report.dialled == (("Number", "+15550199"),)
    assert report.ended_by == "agent"


async def test_documents_that_only_redirect_come_to_an_end(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.twiml = "<Response><Redirect>/voice</Redirect></Response>"
    report = await twilio.call(agent.voice, [SHORT])
    assert "redirect" in report.failure


async def test_a_caller_who_waits_in_vain_says_for_what(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.greeting = 0.0
    report = await twilio.call(agent.voice, [Hear(within=0.2)])
    assert report.failure == "the caller waited 0.2 s to hear the agent"


async def test_an_agent_that_hangs_up_too_early_fails_the_script(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    agent.manners.close_after = 10
    report = await twilio.call(agent.voice, [SHORT, Silence(5.0)])
    assert report.ended_by == "agent"
    assert "the call ended while the caller waited" in report.failure


async def test_a_script_may_be_a_coroutine_and_see_its_turns(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    seen: list[float | None] = []

    async def curious(caller: Caller) -> None:
        await caller.listen(pause=0.2)
        await caller.say(question())
        await caller.hear()
        seen.extend(turn.voice_to_voice for turn in caller.turns)

    await twilio.call(agent.voice, curious)
    assert [soon(one, 0.11) for one in seen] == [True]


async def test_an_error_of_the_script_itself_is_raised(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    async def wrong(caller: Caller) -> None:
        await caller.hear()
        raise LookupError("a mistake of the test")

    with pytest.raises(LookupError):
        await twilio.call(agent.voice, wrong)


async def test_a_call_is_over_soon_after_the_caller_hangs_up(
    agent: ReferenceAgent, twilio: Twilio
) -> None:
    report = await twilio.call(agent.voice, [Hear(), HangUp(), Say(question())])
    assert report.seconds < 3.0
    assert report.turns == ()


async def test_forty_calls_at_once_keep_time(agent: ReferenceAgent, twilio: Twilio) -> None:
    clip = Clip("q", tone(0.5))
    script = [Listen(pause=0.3), Say(clip), Listen(pause=0.3)]
    reports = await asyncio.gather(*(twilio.call(agent.voice, script) for _ in range(40)))
    assert {report.failure for report in reports} == {""}
    packets = sum(report.packets for report in reports)
    assert packets > 40 * 60


async def test_what_the_agent_sends_is_heard_as_it_was_sent(
    agent: ReferenceAgent, twilio: Twilio, tmp_path: Path
) -> None:
    agent.manners.greeting = 0.0
    payload = base64.b64encode(b"\x10" * 800).decode()
    agent.manners.first = [
        '{"event":"media","streamSid":"{sid}","media":{"payload":"' + payload + '"}}',
        '{"event":"mark","streamSid":"{sid}","mark":{"name":"end"}}',
    ]
    report = await twilio.call(agent.voice, [SHORT], Conditions(recording_dir=tmp_path))
    (span,) = report.spans
    assert span.end - span.start == pytest.approx(0.1, abs=1e-6)
