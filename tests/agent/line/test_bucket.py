"""How fast a stream may speak."""

from agent.line.bucket import Bucket
from tests.agent.line.test_token import Clock


def test_a_burst_is_taken_and_then_so_many_a_second() -> None:
    clock = Clock()
    bucket = Bucket(rate=100, burst=500, clock=clock)
    assert sum(bucket.take() for _ in range(600)) == 500
    clock.now += 1
    assert sum(bucket.take() for _ in range(600)) == 100


def test_twilios_own_pace_is_never_too_fast() -> None:
    clock = Clock()
    bucket = Bucket(clock=clock)
    for _ in range(50 * 60):
        assert bucket.take()
        clock.now += 0.02


def test_an_idle_stream_saves_up_no_more_than_a_burst() -> None:
    clock = Clock()
    bucket = Bucket(rate=100, burst=500, clock=clock)
    clock.now += 3600
    assert sum(bucket.take() for _ in range(1000)) == 500
