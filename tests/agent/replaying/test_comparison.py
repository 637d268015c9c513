from dataclasses import replace

import pytest

from agent.replaying.comparison import (
    KEYS,
    MASKED,
    NEW,
    NO_TURN,
    UNREACHED,
    Again,
    Made,
    compare,
)
from agent.replaying.turns import Turn

TURN = Turn(
    number=1,
    heard="What is a premium?",
    masked=False,
    keyed=False,
    route="knowledge",
    confidence=0.9,
    entry="premium",
    said="It is the price.",
    voice_to_voice=0.7,
    spans=((1.0, 2.0),),
)
ALL = Again(frozenset({0, 1, 2}), frozenset())


def made(*stretches: int, **changes: object) -> Made:
    return Made(replace(TURN, **changes), frozenset(stretches))  # type: ignore[arg-type]


def outcomes(then: list[Made], now: list[Made], again: Again = ALL) -> list[tuple[str, str]]:
    return [(row.outcome, row.why) for row in compare(then, now, again)]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"said": "It is what you pay.", "confidence": 0.95, "heard": "A premium?"}, "same"),
        ({"route": "cache"}, "same"),
        ({"entry": "deductible"}, "other"),
        ({"route": "model"}, "other"),
        ({"route": "person", "entry": ""}, "other"),
    ],
)
def test_route_and_entry_are_the_way_of_a_turn(changes: dict[str, object], outcome: str) -> None:
    assert outcomes([made(0)], [made(0, **changes)]) == [(outcome, "")]


def test_the_entry_that_a_model_was_not_sure_of_is_nothing_that_anybody_hears() -> None:
    then, now = made(0, route="model"), made(0, route="model", entry="deductible")
    assert outcomes([then], [now]) == [("same", "")]


def test_turns_meet_by_what_the_caller_said_not_by_their_number() -> None:
    then = [made(0, masked=True), made(1), made(2, entry="claim")]
    now = [made(1), made(2, entry="claim")]
    assert [one for one, _ in outcomes(then, now)] == ["left_out", "same", "same"]


def test_a_turn_that_is_two_now_went_another_way() -> None:
    then, now = [made(0, 1)], [made(0, entry="claim"), made(1)]
    assert outcomes(then, now) == [("same", ""), ("other", NEW)]


def test_a_turn_that_nobody_takes_any_more_went_another_way() -> None:
    assert outcomes([made(0)], []) == [("other", NO_TURN)]


def test_a_turn_behind_the_end_of_the_call_went_another_way() -> None:
    again = Again(frozenset({0}), frozenset())
    assert outcomes([made(0), made(1)], [made(0)], again) == [("same", ""), ("other", UNREACHED)]


def test_what_cannot_be_said_again_is_left_out() -> None:
    then = [made(0), made(), made(1, masked=True), made(keyed=True)]
    again = Again(frozenset(), frozenset({0, 1}))
    reasons = [("left_out", MASKED)] * 3 + [("left_out", KEYS)]
    assert outcomes(then, [], again) == reasons
