"""Who answers a turn of a whole call, what a caller hears of it, and what is written down."""

import asyncio
from collections.abc import Callable

import pytest

from agent import reception
from knowledge.events import (
    Answered,
    Collected,
    Decided,
    Learned,
    Switched,
    ToolUsed,
    Transferred,
    Turn,
    Wished,
)
from tests.calls.collected import AGAIN, BIRTH, READ_BACK, RIGHT, WHICH_LETTERS
from tests.calls.house import (
    ALONE,
    DAUGHTER,
    EMERGENCY,
    EUROPE,
    OPENED,
    PARIS,
    SHE_TOO,
    SOON,
    THREE_DAYS,
    Played,
)
from tests.calls.routing import (
    ANGRY,
    FIRE,
    INSPECTED,
    MY_DAUGHTER,
    MY_WIFE,
    OUTCOME,
    PERSON,
    RENOVATED,
    SORRY,
    VAGUE,
    WRONG,
    play_all,
)
from tests.processors.model.sensible import BOTH, SEND

pytestmark = [pytest.mark.call, pytest.mark.timeout(400)]

SECOND = 1.0
"""Longer than any decision may take, whoever is away: 0.25 s are waited for."""
LOOKED_UP = 15.0
"""Seconds for a question, a tool that is waited for in vain (2.5 s), and an answer."""
BUSY = 1.0
"""Seconds of lag beside which speech is made ahead here: seven calls leave little calm."""
SOON_KNOWN = 5.0
"""Seconds until a worker answers from what was changed."""

Calls = dict[str, Played]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reception, "CALM", BUSY)
        return asyncio.run(play_all(tmp_path_factory.mktemp("routing")))


def test_nothing_goes_wrong_on_the_way(played: Calls) -> None:
    for scene, one in played.items():
        assert one.report.failure == "", scene
        assert one.report.warnings == (), scene


def test_a_sure_answer_comes_from_the_knowledge_and_then_from_the_cache(played: Calls) -> None:
    one = played["sure"]
    assert one.routes == ["knowledge", "cache"]
    first, second = one.events(Decided)
    assert (first.entry, first.cached) == ("brooklyn-bridge", "")
    assert (second.entry, second.cached) == ("brooklyn-bridge", "own")
    assert one.spoken == ["Hello.", OPENED, OPENED]


def test_a_decision_is_in_the_journal_with_its_route_and_its_sources(played: Calls) -> None:
    one = played["sure"]
    told = [
        (row["ticket_id"], row["method"], row["department"], row["sources"], row["call"])
        for row in one.more["rows"]
    ]
    assert told == [
        (made.ticket_id, made.route, "general", ["brooklyn-bridge"], one.report.call_sid)
        for made in one.events(Decided)
    ]


def test_an_outcome_is_written_to_its_decision(played: Calls) -> None:
    one = played["sure"]
    status, body = one.more["posted"]
    assert (status, body["acknowledged"]) == (202, True)
    settled = one.more["settled"]
    assert {name: settled[name] for name in OUTCOME} == OUTCOME


def test_a_question_that_leans_on_the_last_one_goes_to_the_model_with_it(played: Calls) -> None:
    one = played["leans"]
    assert ALONE not in one.spoken, "an answer to another question"
    assert one.routes == ["knowledge", "model"]
    assert one.spoken == ["Hello.", DAUGHTER, SHE_TOO]
    (prompt,) = one.more["prompts"]
    said = [(message["role"], message["content"]) for message in prompt["messages"]]
    before = [text for role, text in said if role in {"user", "assistant"}]
    assert before[-3:] == [MY_DAUGHTER.text, DAUGHTER, MY_WIFE.text]


def test_what_is_out_of_scope_is_not_answered_from_the_nearest_entry(played: Calls) -> None:
    one = played["strange"]
    (decided,) = one.events(Decided)
    assert decided.route == "model"
    assert one.spoken == ["Hello.", PARIS]
    assert EUROPE not in one.spoken


def test_who_is_not_understood_three_times_is_put_through(played: Calls) -> None:
    one = played["unsure"]
    assert one.routes == ["clarify", "clarify", "clarify", "person"]
    assert one.spoken.count("Please say that another way.") == 3
    assert joined(one) == ("A caller for you.", " ".join([VAGUE.text] * 3))


def test_a_person_is_had_by_asking_for_one(played: Calls) -> None:
    one = played["answered"]
    assert [wished.wish for wished in one.events(Wished)] == ["person"]
    assert one.routes == ["person"]
    assert "Let me see." in one.spoken
    assert joined(one) == ("A caller for you.", PERSON.text)


def test_who_asks_for_a_person_hears_that_all_are_busy(played: Calls) -> None:
    one = played["busy"]
    (transferred,) = one.events(Transferred)
    assert transferred.outcome == "busy"
    assert one.spoken[-2:] == ["Let me see.", "All are busy. Shall we call back?"]
    assert one.report.meetings == ()


def test_danger_gets_the_emergency_sentence_to_its_end_and_then_a_person(played: Calls) -> None:
    """Although the caller goes on meanwhile."""
    one = played["danger"]
    first, second = one.witness.said[one.report.call_sid][:2]
    assert first == ("Hello.", False)
    assert second == (EMERGENCY, False)
    assert one.routes[0] == "person"
    assert joined(one) == ("A caller for you.", FIRE.text)


def test_anger_gets_a_person_without_the_emergency_sentence(played: Calls) -> None:
    one = played["angry"]
    assert one.routes == ["person"]
    assert EMERGENCY not in one.spoken
    assert joined(one) == ("A caller for you.", ANGRY.text)


def test_while_pinecone_is_away_the_embedded_index_answers_at_once(
    played: Calls, figure: Callable[[str], None]
) -> None:
    one = played["away"]
    assert one.spoken == ["Hello.", OPENED, THREE_DAYS, EUROPE]
    assert one.routes == ["knowledge"] * 3
    assert any(path.endswith("/query") for path in one.more["paths"]), "it was there before"
    seconds = [decided.seconds for decided in one.events(Decided)]
    figure("decided within " + ", ".join(f"{each:.2f}" for each in seconds) + " s")
    assert max(seconds[1:]) < SECOND


def test_a_switch_is_an_event_of_the_call_and_a_mark_on_its_turn(played: Calls) -> None:
    one = played["away"]
    switched = [event for event in one.events(Switched) if event.service == "knowledge"]
    providers = [event.provider for event in switched]
    assert "pinecone" in providers
    assert "embedded" in providers, "no embedding was there in the end"
    marks = {mark for turn in one.events(Turn) for mark in turn.switched}
    assert {f"knowledge:{event.provider}:{event.fault}" for event in switched} <= marks


def test_content_that_changes_in_a_call_answers_its_next_turn(
    played: Calls, figure: Callable[[str], None]
) -> None:
    one = played["renewed"]
    figure(f"known after {one.more['seconds']:.1f} s")
    assert one.more["seconds"] < SOON_KNOWN
    assert one.spoken == ["Hello.", OPENED, OPENED, RENOVATED]
    assert one.routes == ["knowledge", "cache", "knowledge"], "what was decided before is dead"


@pytest.mark.parametrize(
    ("scene", "goodbye"),
    [("rated_by_key", ["Thank you.", "Goodbye."]), ("rated_by_word", ["Gracias.", "Adiós."])],
)
def test_a_caller_says_at_the_end_how_it_was(played: Calls, scene: str, goodbye: list[str]) -> None:
    one = played[scene]
    (decided,), (learned,) = one.events(Decided), one.events(Learned)
    assert (learned.ticket_id, learned.customer_satisfaction) == (decided.ticket_id, 5.0)
    assert one.more["settled"]["customer_satisfaction"] == 5.0
    assert " ".join(one.spoken).endswith(" ".join(goodbye))
    assert one.report.ended_by == "rest", "the agent hung up"


def test_an_experiment_holds_from_the_next_turn_on_until_it_is_stopped(played: Calls) -> None:
    one = played["tried"]
    assert one.more["begun"][0] == 201
    assert one.more["stopped"][0] == 200
    before, within, after = one.events(Decided)
    assert (before.route, before.arm) == ("knowledge", "")
    assert within.route == "model"
    assert within.arm in {"trial:strict", "trial:stricter"}
    assert (after.route in {"knowledge", "cache"}, after.arm) == (True, "")
    assert one.spoken[-3:] == [THREE_DAYS, SOON, THREE_DAYS]
    assert [row["arm"] for row in one.more["rows"]] == ["", within.arm, ""]


def test_what_was_spoken_ahead_is_not_asked_of_the_voice(played: Calls) -> None:
    one = played["ready"]
    assert one.more["before"].count(THREE_DAYS) == 1
    assert "A caller for you." not in one.more["before"], "a colleague hears that from Twilio"
    assert not [text for text in one.more["before"] if "{" in text]
    assert one.more["after"].count(THREE_DAYS) == 1
    voices = [event.provider for event in one.events(Answered) if event.service == "voice"]
    assert voices[-1] == "ready"
    assert one.spoken == ["Hello.", THREE_DAYS]


def test_a_tool_answers_and_what_it_cannot_answer_costs_a_sentence(played: Calls) -> None:
    one = played["tools"]
    assert one.spoken[1:3] == [BOTH, INSPECTED]
    assert one.spoken[-2:] == [SORRY, SORRY]
    assert [(used.tool, used.outcome) for used in one.events(ToolUsed)] == [
        ("identify", "asked"),
        ("identify", "done"),
        ("claim_status", "done"),
        ("claim_status", "done"),
        ("request_documents", "asked"),
        ("request_documents", "declined"),
        ("claim_status", "late"),
        ("claim_status", "broken"),
    ]
    assert one.more["hung"] < LOOKED_UP
    assert one.more["keys"] == {"bo"}


def test_an_order_in_a_tools_result_changes_nothing_without_the_callers_yes(played: Calls) -> None:
    one = played["tools"]
    assert one.spoken[3:5] == [SEND, "What else can I do for you?"]
    assert one.more["sent"] == {}


def test_a_number_is_typed_and_its_digits_are_seen_by_nobody(played: Calls) -> None:
    one = played["typed"]
    assert [(ended.kind, ended.by, ended.outcome) for ended in one.events(Collected)] == [
        ("policy", "keys", "confirmed"),
        ("birth", "", "left"),
    ]
    assert one.spoken[2:] == [AGAIN, WHICH_LETTERS, RIGHT, BIRTH]
    assert one.report.pressed == tuple("12012345671")
    assert READ_BACK in one.more["spoken"]
    assert "[policy number]" in one.more["seen"]
    for secret in ("1234567", "four five six", "I have"):
        assert around(secret, one.more["seen"]) == ""


def test_a_number_is_corrected_before_it_is_used(played: Calls) -> None:
    one = played["voiced"]
    policy, birth = one.events(Collected)
    assert (policy.by, policy.outcome, policy.corrections) == ("speech", "confirmed", 1)
    assert (birth.kind, birth.corrections) == ("birth", 0)
    assert one.spoken[-1] == INSPECTED
    for secret in ("1980", "1234567"):
        assert around(secret, one.more["seen"]) == ""


def around(secret: str, seen: str) -> str:
    """Where it stands, so that a failure says who has seen it; "" where nobody has."""
    before, found, after = seen.partition(secret)
    return before[-200:] + found + after[:200] if found else ""


def test_who_is_not_identified_three_times_is_put_through(played: Calls) -> None:
    one = played["stranger"]
    assert [used.tool for used in one.events(ToolUsed)] == ["identify"] * 3
    assert one.spoken.count("I could not find that. Please say both again.") == 2
    assert joined(one)[1] == "The caller could not be identified."
    assert WRONG.text not in joined(one)


def joined(one: Played) -> tuple[str, ...]:
    """What the colleague was told before the caller came."""
    (transferred,) = one.events(Transferred)
    assert transferred.outcome == "joined"
    (call,) = one.outgoing
    (theirs,), (ours,) = call.meetings, one.report.meetings
    assert theirs.room == ours.room
    return call.spoken
