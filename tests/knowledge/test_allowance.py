"""How many requests a provider may be sent beyond what turns need."""

from knowledge.allowance import Allowance


def spent(allowance: Allowance, now: float) -> int:
    """How many more are granted at once."""
    count = 0
    while allowance.granted(now):
        count += 1
    return count


def test_ten_a_minute_are_always_granted() -> None:
    assert spent(Allowance(), 0.0) == 10


def test_of_many_requests_a_tenth_may_be_extra() -> None:
    allowance = Allowance()
    for number in range(400):
        allowance.asked(number / 10)
    assert spent(allowance, 40.0) == 40


def test_only_the_last_minute_counts() -> None:
    allowance = Allowance()
    for _ in range(400):
        allowance.asked(0.0)
    assert spent(allowance, 1.0) == 40
    assert not allowance.granted(59.0)
    assert spent(allowance, 61.0) == 10
