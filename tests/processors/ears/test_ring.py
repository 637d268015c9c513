"""The last half minute of audio."""

import pytest

from processors.ears.ring import KEPT, RATE, Ring


def ramp(start: int, size: int) -> bytes:
    return b"".join((n % 30000).to_bytes(2, "little") for n in range(start, start + size))


def test_reads_what_was_written_by_the_number_of_samples_received() -> None:
    ring = Ring()
    ring.write(ramp(0, 480))
    ring.write(ramp(480, 480))
    assert ring.received == 960
    assert ring.read(470, 490) == ramp(470, 20)


def test_keeps_at_least_half_a_minute_and_lets_go_of_the_rest() -> None:
    ring = Ring()
    for second in range(100):
        ring.write(bytes(2 * RATE))
        assert ring.oldest >= (second + 1) * RATE - KEPT - 4 * RATE
    assert ring.received - ring.oldest >= KEPT
    with pytest.raises(LookupError):
        ring.read(0, 10)


def test_positions_stay_right_after_audio_was_let_go() -> None:
    ring = Ring()
    for at in range(0, 40 * RATE, 4000):
        ring.write(ramp(at, 4000))
    assert ring.read(39 * RATE, 39 * RATE + 8) == ramp(39 * RATE, 8)
