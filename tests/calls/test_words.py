"""What callers say in another language, and what nobody but their own call may know of it."""

import asyncio

import pytest

from knowledge.events import Decided
from tests.calls.house import OPENED, PUENTE, Played
from tests.calls.routing import BRIDGE, play_all
from tests.calls.words import FRENCH, NOT_OURS, PLANS, TRES_DIAS, WHOLE

pytestmark = [pytest.mark.call, pytest.mark.timeout(400)]

Calls = dict[str, Played]


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
    assert one.routes == ["clarify", "knowledge"]
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
