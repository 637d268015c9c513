"""What a caller meets, one call a test. They run at the same time, as callers do."""

import asyncio
import math
import statistics
from collections.abc import Callable

import pytest

from knowledge.events import Decided, Ended, Malformed, Wished
from knowledge.events import Turn as TurnRecord
from tests.calls.scenes import LONG, SUNNY, TRANSCRIPTS, Played, play_usual

pytestmark = [pytest.mark.call, pytest.mark.timeout(600)]

Calls = dict[str, Played]
SOON = 3.0
"""Seconds, where a fifth of one is usual: twenty calls at once, on whatever machine this is."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    return asyncio.run(play_usual(tmp_path_factory.mktemp("calls")))


def no_fault(one: Played) -> None:
    assert one.report.failure == ""
    assert one.report.warnings == ()


def test_a_known_question_is_answered_at_once_and_without_the_model(
    played: Calls, figure: Callable[[str], None]
) -> None:
    one = played["known"]
    no_fault(one)
    (decided,) = one.witness.events(one.sid, Decided)
    assert decided.route in {"knowledge", "cache"}, "another call may have asked it before"
    assert decided.entry == "brooklyn-bridge"
    assert one.witness.heard[one.sid] == [TRANSCRIPTS["google_brooklyn"]]
    (record,) = one.witness.events(one.sid, TurnRecord)
    assert record.route == decided.route
    assert not record.interrupted
    figure(f"answer {record.answer:.2f} s, voice to voice {record.voice_to_voice:.2f} s")
    assert 0 < record.answer < SOON
    assert one.report.turns[0].voice_to_voice == pytest.approx(record.voice_to_voice, abs=0.5)
    assert list(one.witness.spoken(one.sid)) == ["Hello.", LONG]


def test_the_greeting_is_heard_soon(played: Calls, figure: Callable[[str], None]) -> None:
    reports = [one.report for one in played.values()]
    ready = [report.ready or math.inf for report in reports]
    greeting = [report.greeting or math.inf for report in reports]
    late = max(one.more["late"] for one in played.values())
    figure(
        f"ready {statistics.median(ready):.2f} s, at most {max(ready):.2f} s; "
        f"greeting {statistics.median(greeting):.2f} s, at most {max(greeting):.2f} s; "
        f"the loop came {late:.2f} s late at most"
    )
    assert max(ready) < SOON
    assert max(greeting) < SOON


def test_what_the_knowledge_does_not_hold_goes_to_the_model(played: Calls) -> None:
    one = played["model"]
    no_fault(one)
    (decided,) = one.witness.events(one.sid, Decided)
    assert decided.route == "model"
    assert list(one.witness.spoken(one.sid)) == ["Hello.", SUNNY]
    context = one.witness.context[one.sid]
    assert [m["role"] for m in context] == ["assistant", "user", "assistant"]
    prompts = one.more["prompts"]
    asked = [m for body in prompts for m in body["messages"] if m["role"] == "user"]
    assert any(m["content"] == TRANSCRIPTS["azure_weather_mulaw"] for m in asked)


def test_a_question_stops_the_agent_and_only_what_was_heard_is_remembered(
    played: Calls, figure: Callable[[str], None]
) -> None:
    one = played["barge_in"]
    no_fault(one)
    first, second = one.report.turns
    assert second.interrupted
    assert second.silenced is not None
    figure(f"silent after {second.silenced:.2f} s")
    assert second.silenced < SOON
    assert not second.resumed
    assert len(one.report.clears) == 1
    heard, interrupted = one.witness.said[one.sid][1]
    assert interrupted
    assert LONG.startswith(heard.rstrip("."))
    assert 0 < len(heard) < len(LONG) / 2
    assert one.witness.said[one.sid][2][0] == SUNNY
    assert first.voice_to_voice is not None


def test_a_yes_meanwhile_does_not_stop_the_agent(played: Calls) -> None:
    one = played["backchannel"]
    no_fault(one)
    assert one.report.clears == ()
    assert one.witness.said[one.sid][1] == (LONG, False)
    assert one.witness.heard[one.sid] == [TRANSCRIPTS["google_brooklyn"]]
    (record,) = one.witness.events(one.sid, TurnRecord)
    assert record.backchannels == 1


def test_a_protected_answer_is_spoken_to_its_end(played: Calls) -> None:
    one = played["protected"]
    no_fault(one)
    assert one.report.clears == ()
    said = one.witness.said[one.sid]
    assert said[1] == (
        "By law we have to read this to you in full. The contract begins tomorrow at noon.",
        False,
    )
    assert said[2][0] == SUNNY


def test_the_longest_utterance_is_closed_and_answered(played: Calls) -> None:
    one = played["curt"]
    turn = one.report.turns[0]
    assert turn.ended - turn.began > 5.0
    assert len(one.witness.heard[one.sid]) > 1, "a turn ended while the caller went on"
    assert len(one.witness.events(one.sid, Decided)) > 1, "and was answered"


def test_with_barge_in_off_the_agent_finishes_and_answers_after_it(played: Calls) -> None:
    one = played["firm"]
    no_fault(one)
    assert one.report.clears == ()
    assert one.witness.said[one.sid][1] == (LONG, False)
    assert one.witness.said[one.sid][2][0] == SUNNY


def test_with_barge_in_by_speech_any_sound_stops_the_agent(played: Calls) -> None:
    one = played["touchy"]
    assert len(one.report.clears) == 1
    heard, interrupted = one.witness.said[one.sid][1]
    assert interrupted
    assert len(heard) < len(LONG) / 2


def test_our_own_echo_does_not_stop_the_agent(played: Calls) -> None:
    one = played["echo"]
    no_fault(one)
    assert one.witness.said[one.sid][1] == (LONG, False)
    assert one.witness.heard[one.sid] == [TRANSCRIPTS["google_brooklyn"]]


def test_a_sentence_with_three_pauses_is_one_turn(played: Calls) -> None:
    one = played["pauses"]
    no_fault(one)
    whole = one.witness.context[one.sid]
    asked = " ".join(m["content"] for m in whole if m["role"] == "user")
    assert asked.split() == TRANSCRIPTS["dograh_midpauses"].split()
    heard = [text for text in one.witness.spoken(one.sid) if text]
    assert len(heard) == 2, "greeting and one answer"


def test_zero_asks_for_a_person_and_stops_the_greeting(played: Calls) -> None:
    one = played["key"]
    no_fault(one)
    (wished,) = one.witness.events(one.sid, Wished)
    assert wished.wish == "person"
    assert "I cannot put you through yet." in one.witness.spoken(one.sid)
    assert one.witness.heard[one.sid] == []


def test_a_hang_up_in_mid_answer_ends_every_provider_stream(played: Calls) -> None:
    one = played["hang_up"]
    assert one.report.ended_by == "caller"
    (ended,) = one.witness.events(one.sid, Ended)
    assert ended.outcome == "hung_up"
    assert one.more["open"] == (0, 0)


def test_a_malformed_stream_costs_a_line_each_and_nothing_else(played: Calls) -> None:
    one = played["malformed"]
    no_fault(one)
    assert len(one.witness.events(one.sid, Malformed)) == 8
    assert one.witness.said[one.sid][1] == (SUNNY, False)


def test_a_replayed_token_opens_nothing_and_the_first_stream_lives(played: Calls) -> None:
    one = played["replayed"]
    assert one.report.failure == ""
    assert [stream.close_code for stream in one.report.streams if stream.messages == 0] == [1008]
    assert one.witness.said[one.sid][1] == (SUNNY, False)


def test_a_webhook_sent_twice_makes_one_call(played: Calls) -> None:
    one = played["duplicated"]
    no_fault(one)
    assert len(one.witness.events(one.sid, Ended)) == 1
    bodies = {hook.body for hook in one.report.webhooks if hook.url.endswith("/voice")}
    assert len(bodies) == 1


def test_a_stream_that_breaks_is_opened_again_without_a_second_greeting(played: Calls) -> None:
    one = played["reopened"]
    assert one.report.failure == ""
    said = list(one.witness.spoken(one.sid))
    assert said.count("Hello.") == 1
    assert "We were cut off." in said
    assert said[-1] == LONG
    roles = [(m["role"], m["content"]) for m in one.witness.context[one.sid]]
    assert ("user", TRANSCRIPTS["azure_weather_mulaw"]) in roles
    first, second = (e.outcome for e in one.witness.events(one.sid, Ended))
    assert first in {"lost", "superseded"}, "whichever is noticed first"
    assert second == "hung_up"


def test_what_was_said_is_found_by_another_worker_in_redis(played: Calls) -> None:
    recalled = played["reopened"].more["recalled"]
    assert recalled.greeted
    exchanges = [(one.caller, one.agent) for one in recalled.exchanges]
    assert exchanges == [
        (TRANSCRIPTS["azure_weather_mulaw"], SUNNY),
        (TRANSCRIPTS["google_brooklyn"], LONG),
    ]


def test_a_message_of_70_kb_closes_its_socket_and_the_call_goes_on(played: Calls) -> None:
    one = played["oversized"]
    assert one.report.failure == ""
    # 1006 where the connection's reset overtakes the reason
    assert one.report.streams[0].close_code in {1009, 1006}
    assert list(one.witness.spoken(one.sid))[-1] == SUNNY


def test_the_longest_call_ends_with_a_goodbye(played: Calls) -> None:
    one = played["too_long"]
    assert one.report.ended_by == "rest"
    assert "Time is over. Goodbye." in one.witness.spoken(one.sid)
    assert [e.outcome for e in one.witness.events(one.sid, Ended)] == ["too_long"]


def test_every_sentence_is_marked_and_nothing_is_late_at_twilio(played: Calls) -> None:
    one = played["known"]
    sentences = LONG.count(".") + 1
    assert len([m for m in one.report.marks if not m.cleared]) >= sentences
    assert one.report.most_buffered <= 0.4, "0.1, and what a busy test machine adds"
