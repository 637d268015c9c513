"""Putting callers through, over real sockets: who hears whom, and what becomes of it."""

import asyncio
import re

import pytest

from knowledge.events import CallBack
from tests.calls.transfers import CLAIMS, SUMMARY, Played, play_all

pytestmark = [pytest.mark.call, pytest.mark.timeout(150)]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    return asyncio.run(play_all(tmp_path_factory.mktemp("transfers")))


Calls = dict[str, Played]


def test_nothing_goes_wrong_on_the_way(played: Calls) -> None:
    for scene, one in played.items():
        assert one.report.failure == "", scene
        assert one.report.warnings == (), scene
        assert all(hook.status < 300 for hook in one.report.webhooks), scene
        for call in one.outgoing:
            assert call.warnings == (), scene
            assert all(hook.status < 300 for hook in call.webhooks), scene


def test_the_colleague_hears_the_summary_and_then_the_caller(played: Calls) -> None:
    one = played["answered"]
    (call,) = one.outgoing
    assert (call.to, call.status, call.ended_by) == (CLAIMS, "completed", "colleague")
    assert call.spoken == ("A caller for you.", SUMMARY)
    (theirs,), (ours,) = call.meetings, one.report.meetings
    assert theirs.others == (one.report.call_sid,)
    assert ours.others == (call.call_sid,)
    assert theirs.room == ours.room
    assert "Somebody is there." in one.spoken
    assert one.outcome == "joined"
    assert one.ended == ["transferred"]


def test_after_the_colleague_the_caller_hears_goodbye_and_twilio_hangs_up(played: Calls) -> None:
    report = played["answered"].report
    assert report.spoken == ("Goodbye.",)
    assert report.ended_by == "agent"
    assert [stream.ended_by for stream in report.streams] == ["twilio"]


def test_a_caller_is_comforted_while_it_rings_and_no_longer(played: Calls) -> None:
    one = played["slow"]
    assert one.spoken.count("Still ringing.") == 0, "no part of the conversation"
    assert one.outcome == "joined"
    heard = [span for span in one.report.spans if span.start > 0]
    assert len(heard) >= 4, "greeting, wish, comfort, somebody is there"


@pytest.mark.parametrize(
    ("scene", "outcome", "sentence"),
    [
        ("busy", "busy", "All are busy."),
        ("no_answer", "no_answer", "Nobody answers."),
        ("voicemail", "no_answer", "Nobody answers."),
        ("machine", "failed", "That is not possible."),
        ("rest_away", "failed", "That is not possible."),
        ("no_account", "nobody", "That is not possible."),
    ],
)
def test_whoever_cannot_be_reached_is_said_to_be_so(
    played: Calls, scene: str, outcome: str, sentence: str
) -> None:
    one = played[scene]
    assert one.outcome == outcome
    assert f"{sentence} Shall we call back?" in " ".join(one.spoken)
    assert one.report.meetings == ()
    assert one.ended == ["hung_up"], "the call went on with the agent"
    assert len(one.report.streams) == 1


def test_after_hours_nobody_is_called_and_the_next_opening_is_said(played: Calls) -> None:
    one = played["closed"]
    assert one.outcome == "closed"
    assert one.outgoing == []
    (said,) = [text for text in one.spoken if "not there" in text]
    assert re.fullmatch(
        r"They are not there\. They come on \w+day at 10:00 AM\. Shall we call back\?", said
    )


def test_a_yes_is_a_call_back_and_is_confirmed(played: Calls) -> None:
    one = played["busy"]
    assert one.events(CallBack) == [CallBack(one.report.call_sid, "claims")]
    assert one.spoken[-1] == "We will call back."
    for scene in ("no_answer", "closed", "machine"):
        assert played[scene].events(CallBack) == []


def test_a_caller_who_hangs_up_silences_the_colleagues_telephone(played: Calls) -> None:
    one = played["hangs_up"]
    (call,) = one.outgoing
    assert (call.status, call.ended_by, call.spoken) == ("canceled", "rest", ())
    assert one.ended == ["hung_up"]
    assert one.outcome == "cancelled"


def test_a_caller_who_does_not_want_to_wait_goes_on_with_the_agent(played: Calls) -> None:
    one = played["forgets_it"]
    (call,) = one.outgoing
    assert (call.status, call.ended_by) == ("canceled", "rest")
    assert one.spoken[-1] == "I have stopped."
    assert one.outcome == "cancelled"
    assert one.ended == ["hung_up"]


def test_a_question_is_answered_while_it_rings(played: Calls) -> None:
    one = played["asks"]
    (call,) = one.outgoing
    assert "It is from another century." in one.spoken
    assert (call.status, one.outcome) == ("canceled", "cancelled")


def test_a_caller_left_alone_in_the_conference_comes_back_to_the_agent(played: Calls) -> None:
    one = played["waits_alone"]
    (meeting,) = one.report.meetings
    assert meeting.began is None
    assert meeting.left - meeting.entered < 15.0
    assert len(one.report.streams) == 2
    assert one.ended == ["transferred", "hung_up"]
    assert one.spoken[-1] == "That is not possible. Shall we call back?"


def test_no_number_and_no_word_is_in_a_name_that_twilio_keeps(played: Calls) -> None:
    (meeting,) = played["answered"].report.meetings
    assert re.fullmatch("[0-9a-f]{32}", meeting.room)
