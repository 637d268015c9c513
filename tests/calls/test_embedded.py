"""Calls in which the embedded engines listen, and in which they speak too."""

import asyncio

import pytest

from knowledge.events import Ended
from tests.calls.scenes import LONG, Played, play_embedded

pytestmark = [pytest.mark.call, pytest.mark.timeout(600)]

Calls = dict[str, Played]
IDLE = {"Still there?", "Hello again?"}
SOON = 3.0
"""Seconds, where a fifth of one is usual: real recognition beside it, on whatever machine."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    return asyncio.run(play_embedded(tmp_path_factory.mktemp("embedded")))


def answers(one: Played) -> list[str]:
    """What was said, without the question whether anybody is there: so long a machine may take."""
    return [text for text in one.witness.spoken(one.sid) if text not in {"", *IDLE}]


def test_the_greeting_is_heard_soon(played: Calls) -> None:
    for scene, one in played.items():
        assert one.report.ready is not None, scene
        assert one.report.greeting is not None, scene
        assert max(one.report.ready, one.report.greeting) < SOON, scene


@pytest.mark.parametrize("scene", ["silence", "noise"])
def test_a_call_on_which_nobody_speaks_is_ended_politely(played: Calls, scene: str) -> None:
    one = played[scene]
    assert one.report.ended_by == "rest"
    said = list(one.witness.spoken(one.sid))
    assert said[0] == "Hello."
    assert said[-1] == "Nobody there. Goodbye."
    assert set(said) >= IDLE
    assert [e.outcome for e in one.witness.events(one.sid, Ended)] == ["idle"]
    assert one.witness.heard[one.sid] == []


def test_without_any_key_an_english_call_is_answered_repeated_and_ended(played: Calls) -> None:
    one = played["english"]
    assert one.report.failure == ""
    said = answers(one)
    answer = "Your policy number is on your insurance card."
    assert said == ["Hello.", "También hablo español.", answer, answer, "Goodbye."]
    assert one.report.ended_by == "agent", "no REST is configured: the TwiML hangs up"
    assert [e.outcome for e in one.witness.events(one.sid, Ended)] == ["goodbye"]


def test_without_any_key_a_spanish_call_is_answered_in_spanish(played: Calls) -> None:
    one = played["spanish"]
    assert one.report.failure == ""
    said = answers(one)
    assert said[2:] == ["Su número de póliza está en su tarjeta del seguro.", "Adiós."]


def test_recorded_speech_is_understood_by_the_embedded_ears(played: Calls) -> None:
    one = played["human"]
    assert one.report.failure == ""
    assert answers(one)[2] == LONG
