"""Who takes part in which arm, and when a difference may be believed."""

import subprocess
import sys
from collections import Counter
from math import isinf

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.experiments import (
    BURN_IN,
    EFFECT,
    RISK,
    Arm,
    BadExperiment,
    Experiment,
    Tally,
    compare,
    experiment,
    half_width,
)

HALVES = Experiment(
    "lower-claims", "threshold", (Arm("usual", "0.9", 0.5), Arm("lower", "0.8", 0.5)), "claims"
)


def test_a_call_stays_in_its_arm_in_every_process() -> None:
    calls = [f"CA{k:032x}" for k in range(20)]
    here = [HALVES.arm(call).name for call in calls]
    code = (
        "from tests.knowledge.test_experiments import HALVES\n"
        f"print(*(HALVES.arm(call).name for call in {calls!r}))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "7"},
    ).stdout.split()  # fmt: skip
    assert here == there
    assert HALVES.label("CA1") in {"lower-claims:usual", "lower-claims:lower"}


def test_arms_get_their_shares_and_experiments_do_not_follow_each_other() -> None:
    uneven = Experiment("a", "model", (Arm("x", "m1", 0.9), Arm("y", "m2", 0.1)))
    other = Experiment("b", "model", uneven.arms)
    calls = [f"CA{k}" for k in range(20_000)]
    drawn = Counter((uneven.arm(call).name, other.arm(call).name) for call in calls)
    assert (drawn["y", "x"] + drawn["y", "y"]) / 20_000 == pytest.approx(0.1, abs=0.01)
    assert drawn["y", "y"] / 20_000 == pytest.approx(0.01, abs=0.004)


def document(**changes: object) -> dict[str, object]:
    arms = [
        {"name": "usual", "value": 0.9, "share": 0.5},
        {"name": "lower", "value": "0.8", "share": 0.5},
    ]
    return {"subject": "threshold", "cost": 4.0, "arms": arms} | changes


def test_what_is_written_is_read_back() -> None:
    made = experiment("lower-claims", "claims", document())
    assert made == HALVES
    assert experiment(made.name, made.department, made.document()) == made


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("subject", {"subject": "voice"}),
        ("cost", {"cost": float("nan")}),
        ("cost", {"cost": True}),
        ("arms", {"arms": "usual"}),
        ("arms", {"arms": [{"name": "a", "value": 0.9, "share": 1.0}]}),
        ("arms", {"arms": [{"name": "a", "value": 0.9, "share": 0.5}] * 2}),
        ("arms", {"arms": [{"name": n, "value": 0.9, "share": 0.4} for n in "ab"]}),
        ("arms", {"arms": [7, 8]}),
        ("arms.name", {"arms": [{"name": "A b", "value": 0.9, "share": 0.5}]}),
        ("arms.share", {"arms": [{"name": "a", "value": 0.9, "share": 0.001}]}),
        ("arms.value", {"arms": [{"name": "a", "value": "high", "share": 0.5}]}),
        ("arms.value", {"arms": [{"name": "a", "value": float("nan"), "share": 0.5}]}),
        ("arms.value", {"subject": "model"}),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused_by_field(
    field: str, changes: dict[str, object]
) -> None:
    with pytest.raises(BadExperiment) as refused:
        experiment("x", "", document(**changes))
    assert refused.value.field == field


def test_a_name_is_plain_and_a_model_belongs_to_no_department() -> None:
    with pytest.raises(BadExperiment, match="name"):
        experiment("Lower!", "", document())
    arms = [{"name": n, "value": n, "share": 0.5} for n in ("m1", "m2")]
    with pytest.raises(BadExperiment, match="department"):
        experiment("x", "claims", document(subject="model", arms=arms))


def test_two_experiments_meet_where_a_turn_could_be_in_both() -> None:
    everywhere = Experiment("b", "model", HALVES.arms)
    billing = Experiment("c", "threshold", HALVES.arms, "billing")
    assert everywhere.meets(HALVES)
    assert HALVES.meets(everywhere)
    assert not HALVES.meets(billing)


Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def _outcomes(
    chance: np.random.Generator, runs: int, calls: int, rates: tuple[float, float]
) -> tuple[Counts, Counts, Counts]:
    """Calls, right and wrong ones so far, after each call of each run."""
    drawn = chance.random((runs, calls))
    right, wrong = drawn < rates[0], drawn > 1.0 - rates[1]
    count = np.broadcast_to(np.arange(1, calls + 1), (runs, calls))
    return count, np.cumsum(right, axis=1), np.cumsum(wrong, axis=1)


def _worth(counts: tuple[Counts, Counts, Counts], cost: float) -> tuple[Floats, Floats]:
    """`Tally.worth` and `Tally.variance`, for whole arrays."""
    calls, right, wrong = counts
    mean = (right - cost * wrong) / calls
    smooth = (right + 1 - cost * (wrong + 1)) / (calls + 3)
    square = (right + 1 + cost * cost * (wrong + 1)) / (calls + 3)
    return mean, (square - smooth * smooth) / calls


def test_the_arrays_below_count_as_the_tally_does() -> None:
    arrays = (np.array([100]), np.array([70]), np.array([3]))
    mean, variance = _worth(arrays, 4.0)
    tally = Tally(right=70, passed=27, wrong=3)
    assert mean[0] == pytest.approx(tally.worth(4.0))
    assert variance[0] == pytest.approx(tally.variance(4.0))


@pytest.mark.parametrize("rates", [(0.7, 0.03), (0.9, 0.005), (0.5, 0.0001), (0.2, 0.05)])
@pytest.mark.parametrize("cost", [4.0, 19.0])
def test_looking_after_every_call_sees_a_difference_that_is_not_there_in_5_percent(
    rates: tuple[float, float], cost: float
) -> None:
    chance, runs, calls = np.random.default_rng(400), 400, 4000
    one, one_variance = _worth(_outcomes(chance, runs, calls, rates), cost)
    two, two_variance = _worth(_outcomes(chance, runs, calls, rates), cost)
    variance = one_variance + two_variance
    prior = EFFECT**2
    both = variance + prior
    width = np.sqrt(variance * both / prior * (2 * np.log(1 / RISK) + np.log(both / variance)))
    assert width[0, 500] == pytest.approx(half_width(float(variance[0, 500]), RISK))
    seen = (np.abs(two - one) > width)[:, BURN_IN - 1 :].any(axis=1)
    assert seen.sum() <= 0.05 * runs


def test_a_real_difference_is_seen_and_harm_stops_soon() -> None:
    chance = np.random.default_rng(1)
    good = chance.multinomial(4000, [0.60, 0.38, 0.02])
    better = chance.multinomial(4000, [0.75, 0.23, 0.02])
    usual, lower = Tally(*map(int, good)), Tally(*map(int, better))
    [found] = compare(HALVES, {"usual": usual, "lower": lower}, precision=0.95)
    assert found.state == "better"
    assert 0.0 < found.low < found.difference < found.high
    [found] = compare(HALVES, {"usual": lower, "lower": usual}, precision=0.95)
    assert found.state == "worse"
    assert found.harmful


def test_an_arm_that_breaks_the_promise_is_harmful_before_it_can_be_compared() -> None:
    tallies = {"usual": Tally(right=20), "lower": Tally(right=30, wrong=15)}
    [found] = compare(HALVES, tallies, precision=0.95)
    assert (found.state, found.harmful) == ("broken", True)


def test_too_few_calls_say_nothing() -> None:
    [found] = compare(HALVES, {"usual": Tally(right=99)}, precision=0.95)
    assert found.state == "waiting"
    assert isinf(found.high)
    equal = {"usual": Tally(70, 27, 3), "lower": Tally(70, 27, 3)}
    [found] = compare(HALVES, equal, precision=0.95)
    assert (found.state, found.difference, found.harmful) == ("open", 0.0, False)


def test_more_arms_share_the_risk() -> None:
    arms = (Arm("a", "0.9", 0.4), Arm("b", "0.8", 0.3), Arm("c", "0.85", 0.3))
    three = Experiment("x", "threshold", arms)
    tallies = {arm.name: Tally(70, 27, 3) for arm in arms}
    wide = compare(three, tallies, precision=0.95)
    [narrow] = compare(HALVES, {"usual": tallies["a"], "lower": tallies["b"]}, precision=0.95)
    assert [found.arm for found in wide] == ["b", "c"]
    assert wide[0].high > narrow.high
