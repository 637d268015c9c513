"""What callers say in another language, and what nobody but their own call may know of it."""

import asyncio

import pytest

from knowledge.events import Decided, Recorded
from tests.calls.house import OPENED, PUENTE, THREE_DAYS, Played
from tests.calls.routing import BRIDGE, play_all
from tests.calls.tapes import consents, events, files, heard, legs, shift, utterances
from tests.calls.words import (
    FRENCH,
    HANGS,
    HELP,
    NOT_OURS,
    PLANS,
    REFUSED,
    RUBBISH,
    TRES_DIAS,
    WHOLE,
)

pytestmark = [pytest.mark.call, pytest.mark.timeout(400)]

Calls = dict[str, Played]
AT_ONCE = 3.0
"""Seconds from the caller's last word to the first of the answer, on a machine that is busy."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    return asyncio.run(play_all(tmp_path_factory.mktemp("words"), PLANS))


def test_nothing_goes_wrong_on_the_way(played: Calls) -> None:
    for scene, one in played.items():
        assert one.report.failure == "", scene
        assert one.report.warnings == (), scene


def test_a_card_that_is_told_in_three_turns_is_seen_by_nobody(played: Calls) -> None:
    one = played["numbers"]
    heard = one.witness.heard[one.report.call_sid]
    assert heard[:2] == ["My card is [card number].", "[number]."]
    assert heard[2].endswith("[card number].")
    assert heard[3] == "I was born on [date of birth], and my mail is [email address]."
    told = one.more["prompts"] + str(one.more["rows"]) + str(one.witness.context)
    assert "[card number]" in told
    for secret in ("one one", WHOLE, "1980", "joe at", "mail dot com"):
        assert secret not in one.more["prompts"], secret
        assert secret not in str(heard), secret


def test_a_damaged_turn_is_asked_for_again_and_a_long_one_is_read_as_far_as_it_is_set(
    played: Calls,
) -> None:
    one = played["damaged"]
    assert one.routes in (["clarify", "knowledge"], ["clarify", "cache"])
    assert one.witness.heard[one.report.call_sid] == ["How old is it?", BRIDGE.text]


def test_a_caller_who_switches_is_answered_in_the_language_of_each_turn(played: Calls) -> None:
    one = played["switches"]
    assert one.spoken[-3:] == [OPENED, PUENTE, OPENED]
    assert [decided.language for decided in one.events(Decided)] == ["en", "es", "en"]


def test_a_language_that_is_not_ours_is_met_in_both_of_ours(played: Calls) -> None:
    one = played["foreign"]
    assert one.witness.heard[one.report.call_sid][0] == FRENCH.text
    assert all(any(sentence in said for said in one.spoken) for sentence in NOT_OURS)
    assert one.routes in (["knowledge"], ["cache"]), "the question in French was decided by nobody"


def test_an_answer_that_is_told_in_english_alone_is_found_and_said_in_spanish(
    played: Calls,
) -> None:
    one = played["read"]
    last = one.events(Decided)[-1]
    assert (last.entry, last.language) == ("payment", "es")
    assert last.route in {"knowledge", "cache"}
    assert one.spoken[-1] == TRES_DIAS
    heard = one.witness.heard[one.report.call_sid]
    assert heard == ["¿Cuánto tarda un pago?"] * 2, "the caller's words stay what they were"


def test_a_translator_that_hangs_refuses_or_talks_rubbish_costs_no_answer(played: Calls) -> None:
    for scene, asked in (("hangs", HANGS), ("refused", REFUSED), ("rubbish", RUBBISH)):
        one = played[scene]
        assert asked.text in one.more["asked"], "the translator was asked"
        assert one.routes == ["model"], scene
        assert one.spoken[-1] == (BRIDGE.text if scene == "rubbish" else HELP)
        assert not any(OPENED in said for said in one.spoken), "rubbish is acted on by nobody"
        (turn,) = one.report.turns
        assert turn.voice_to_voice is not None
        assert turn.voice_to_voice < AT_ONCE, scene


def test_a_recorded_call_is_silent_where_something_was_masked_and_heard_elsewhere(
    played: Calls,
) -> None:
    one = played["numbers"]
    greeting = "Hello. This is recorded. Hablo español. Esto se graba."
    assert " ".join(one.spoken).startswith(greeting)
    sound = files(one)[1]
    assert (sound.stat().st_mode & 0o777, sound.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    left, right = legs(sound)
    said, told = heard(one)
    assert len(utterances(said)) >= 5
    ((since, until),) = utterances(left)
    later = shift(left, said)
    ear = [first for first, _ in utterances(told)]
    for begun, _ in utterances(right):
        assert min(abs(begun + later - first) for first in ear) <= 0.25, "both legs on one clock"
    first, last = utterances(said)[-1]
    assert abs(since + later - first) <= 0.3, "the question after the numbers is there"
    assert abs(until + later - last) <= 0.3
    assert len(utterances(right)) >= len(utterances(told)) - 1, "and so is the agent"
    ended = one.events(Recorded)
    assert [event.outcome for event in ended] == ["kept"]
    assert ended[0].silenced > 5.0


def test_what_stands_beside_a_recording_holds_nothing_that_was_masked(played: Calls) -> None:
    one = played["numbers"]
    kinds = [event["kind"] for event in events(one)]
    for kind in (
        "recording",
        "interim",
        "final",
        "sentence",
        "voice",
        "turn_taken",
        "decided",
        "mark",
    ):
        assert kind in kinds
    finals = [event["fields"]["text"] for event in events(one) if event["kind"] == "final"]
    assert finals[0] == "My card is [card number]."
    assert finals[-1] == BRIDGE.text
    words = " ".join(str(event["fields"].get("text", "")) for event in events(one))
    for secret in ("one one", WHOLE, "1980", "joe at"):
        assert secret not in words


def test_every_word_of_a_call_without_numbers_is_on_its_recording(played: Calls) -> None:
    one = played["switches"]
    left, _ = legs(files(one)[1])
    said, _ = heard(one)
    assert len(utterances(left)) == len(utterances(said)) == 3


def test_who_objects_to_a_recording_has_none_and_the_call_goes_on(played: Calls) -> None:
    one = played["objects"]
    assert "The recording is gone." in one.spoken
    assert one.spoken[-1] == OPENED
    assert files(one) == []
    assert consents(one) == ["withdrawn"]
    assert [event.outcome for event in one.events(Recorded)] == ["deleted"]


def test_where_consent_is_wanted_only_a_yes_is_recorded(played: Calls) -> None:
    agreed, declined, other = (played[scene] for scene in ("agrees", "declines", "damaged"))
    assert all(one.spoken[1] == "May we record this?" for one in (agreed, declined, other))
    assert [consents(one) for one in (agreed, declined, other)] == [
        ["given"],
        ["refused"],
        ["unanswered"],
    ]
    assert [len(files(one)) for one in (agreed, declined, other)] == [2, 0, 0]
    assert declined.spoken[-1] == THREE_DAYS
    left, _ = legs(files(agreed)[1])
    assert len(utterances(left)) == 1, "what was said before the yes is not on it"
