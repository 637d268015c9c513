"""A user's mistakes are told in one sentence."""

import random
from typing import Any

import pytest

from agent.load import Mistake, Plan, Scenario, mix
from tests.agent.simulators.reference import question

SCENARIOS = mix([question()])
URL = "http://127.0.0.1:8080/twilio/voice"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"url": "https://agent.example/voice"}, "--yes"),
        ({"url": "agent.example"}, "url"),
        ({"url": ""}, "url"),
        ({"dial": "somewhere"}, "dial"),
        ({"users": 0}, "users"),
        ({"spawn_rate": 0.0}, "spawn rate"),
        ({"seconds": 0.0}, "duration"),
        ({"pause": -1.0}, "pause"),
        ({"scenarios": ()}, "scenarios"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(Mistake, match=named) as mistake:
        Plan(**{"url": URL, "scenarios": SCENARIOS, **wrong})
    assert "\n" not in str(mistake.value)


def test_another_machine_may_be_called_on_purpose() -> None:
    assert Plan("https://agent.example/voice", SCENARIOS, yes=True).yes


def test_a_public_address_may_stand_for_this_machine() -> None:
    plan = Plan("https://agent.example/voice", SCENARIOS, dial="http://127.0.0.1:8080")
    assert not plan.yes


def test_callers_arrive_at_the_rate_asked_for() -> None:
    plan = Plan(URL, SCENARIOS, users=4, spawn_rate=2.0)
    assert [plan.arrival(user) for user in range(4)] == [0.0, 0.5, 1.0, 1.5]


def test_the_mix_asks_interrupts_and_presses() -> None:
    assert [(scenario.name, scenario.weight) for scenario in SCENARIOS] == [
        ("ask", 7),
        ("interrupt", 2),
        ("press", 1),
    ]


def test_the_same_seed_makes_the_same_script() -> None:
    clips = [question(0.1, name=str(number)) for number in range(20)]
    (ask, *_) = mix(clips)
    assert isinstance(ask, Scenario)
    assert ask.make(random.Random(5)) == ask.make(random.Random(5))
