"""When a provider is left alone, and when it is asked again."""

import math
from collections.abc import Callable

import pytest

from knowledge.chain import Breaker, Fault


def test_two_failures_close_together_open_it() -> None:
    breaker = Breaker()
    breaker.failed(Fault("late"), 100.0)
    assert breaker.admits(100.1)
    breaker.failed(Fault("cut"), 109.0)
    assert not breaker.admits(109.1)


def test_two_failures_far_apart_do_not() -> None:
    breaker = Breaker()
    breaker.failed(Fault("late"), 100.0)
    breaker.failed(Fault("late"), 111.0)
    assert breaker.admits(111.1)


def test_work_in_between_hides_no_failure() -> None:
    breaker = Breaker()
    breaker.failed(Fault("cut"), 100.0)
    breaker.worked(100.5)
    assert not breaker.open
    breaker.failed(Fault("cut"), 101.0)
    assert breaker.open


def test_who_was_late_and_is_in_time_then_works() -> None:
    breaker = Breaker()
    for moment in range(0, 8, 2):
        breaker.failed(Fault("late"), float(moment))
        breaker.worked(moment + 1.0)
    assert not breaker.open
    breaker.failed(Fault("late"), 8.0)
    breaker.worked(7.5)  # began before that
    breaker.failed(Fault("late"), 9.0)
    assert breaker.open


def test_once_closed_it_counts_from_the_beginning() -> None:
    breaker = Breaker()
    breaker.failed(Fault("late"), 100.0)
    breaker.failed(Fault("late"), 101.0)
    breaker.worked(102.0)
    breaker.failed(Fault("late"), 103.0)
    assert not breaker.open


def test_what_began_before_it_opened_does_not_close_it() -> None:
    breaker = Breaker()
    breaker.failed(Fault("late"), 100.0)
    breaker.failed(Fault("late"), 101.0)
    breaker.worked(100.9)
    breaker.proved(100.9)
    assert breaker.open
    breaker.worked(101.1)
    assert not breaker.open


def test_open_it_lets_one_question_through_now_and_then() -> None:
    breaker = Breaker(failures=1, rest=30.0)
    breaker.failed(Fault("late"), 100.0)
    tries = [now for now in range(100, 200) if breaker.admits(float(now))]
    assert tries == [130, 160, 190]


def test_a_failing_try_keeps_it_open_and_a_working_one_closes_it() -> None:
    breaker = Breaker(failures=1, rest=30.0)
    breaker.failed(Fault("late"), 100.0)
    assert breaker.admits(130.0)
    breaker.failed(Fault("late"), 131.0)
    assert not breaker.admits(160.0)
    assert breaker.admits(161.0)
    breaker.worked(161.0)
    assert breaker.admits(161.1)


def test_who_named_a_time_is_left_alone_for_that_time() -> None:
    breaker = Breaker()
    breaker.failed(Fault("limited", retry_after=5.0), 100.0)
    assert not breaker.admits(104.9)
    assert breaker.admits(105.0)


def test_one_that_is_probed_spends_no_turn_on_trying() -> None:
    breaker = Breaker(probed=True)
    breaker.failed(Fault("limited", retry_after=1.0), 100.0)
    assert not any(breaker.admits(float(now)) for now in range(100, 200))
    breaker.proved(199.0)
    assert breaker.admits(200.0)


@pytest.mark.parametrize("close", [Breaker.worked, Breaker.proved])
def test_whatever_works_before_the_named_time_closes_nothing(
    close: Callable[[Breaker, float], None],
) -> None:
    breaker = Breaker()
    breaker.failed(Fault("limited", retry_after=30.0), 100.0)
    close(breaker, 129.9)
    assert not breaker.admits(129.9)
    assert breaker.admits(130.0)
    close(breaker, 130.0)
    assert not breaker.open


@pytest.mark.parametrize(
    ("named", "kept"), [(math.inf, 3600.0), (1e300, 3600.0), (math.nan, 5.0), (-9.0, 5.0)]
)
def test_nobody_is_left_alone_for_a_time_that_makes_no_sense(named: float, kept: float) -> None:
    breaker = Breaker(probed=True, failures=1)
    breaker.failed(Fault("limited", retry_after=named), 100.0)
    assert breaker.until == 100.0 + kept


def test_nobody_shortens_the_time_that_a_provider_named() -> None:
    breaker = Breaker(probed=True)
    breaker.failed(Fault("limited", retry_after=60.0), 100.0)
    breaker.failed(Fault("late"), 101.0)
    assert breaker.until == 160.0


def test_what_only_a_new_setting_cures_is_not_tried_again() -> None:
    breaker = Breaker()
    breaker.failed(Fault("denied", permanent=True), 100.0)
    assert not breaker.admits(1e9)
