"""What holds for a turn just now."""

from knowledge.experiments import Arm, Experiment
from knowledge.policy import Policy
from knowledge.routing import Thresholds

SHIPPED = Thresholds(answer=0.9, model=0.4)
LEARNED = Policy(SHIPPED, {"claims": 0.8})
TRIED = Experiment("t", "threshold", (Arm("a", "0.85", 0.5), Arm("b", "0.75", 0.5)), "claims")


def test_a_department_has_its_own_threshold_and_others_the_shipped_one() -> None:
    assert LEARNED.thresholds("claims", "CA1") == Thresholds(answer=0.8, model=0.4)
    assert LEARNED.thresholds("billing", "CA1") == SHIPPED


def test_below_the_answer_threshold_there_is_always_room_for_the_model() -> None:
    low = Policy(SHIPPED, {"claims": 0.3})
    assert low.thresholds("claims", "").model == 0.3


def test_a_call_in_an_experiment_has_its_arms_threshold() -> None:
    policy = Policy(SHIPPED, {"claims": 0.8}, (TRIED,))
    found = {}
    for number in range(50):
        call = f"CA{number}"
        found[policy.arm("claims", call)] = policy.thresholds("claims", call).answer
    assert found == {"t:a": 0.85, "t:b": 0.75}
    assert policy.arm("billing", "CA1") == ""
    assert policy.thresholds("billing", "CA1") == SHIPPED
    assert (policy.arm("claims", ""), policy.thresholds("claims", "").answer) == ("", 0.8)


def test_an_experiment_may_choose_index_or_model_by_name() -> None:
    models = Experiment("m", "model", (Arm("a", "small", 0.5), Arm("b", "large", 0.5)))
    policy = Policy(SHIPPED, {}, (models,))
    assert {policy.chosen("model", f"CA{k}") for k in range(50)} == {"small", "large"}
    assert policy.chosen("index", "CA1") == ""
    assert policy.chosen("model", "") == ""
    assert policy.arm("claims", "CA1") in {"m:a", "m:b"}
    assert policy.thresholds("claims", "CA1") == SHIPPED


def test_its_version_changes_with_whatever_changes_a_route() -> None:
    versions = {
        Policy(SHIPPED).version,
        LEARNED.version,
        Policy(SHIPPED, {"claims": 0.81}).version,
        Policy(SHIPPED, {}, (TRIED,)).version,
        Policy(Thresholds(0.91)).version,
    }
    assert len(versions) == 5
    assert Policy(SHIPPED, {"claims": 0.8}, calibrated=frozenset({"claims"})).version in versions
