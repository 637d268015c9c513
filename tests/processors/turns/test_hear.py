"""When speech is taken as over, by its silence and by the verdict on its sound."""

import pytest
from pipecat.frames.frames import (
    InputAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from agent.line.stream import REST
from processors.contract.bench import Bench, rounds
from processors.turns import hear as hearing_module
from processors.turns.echo import Echo
from processors.turns.hear import EARLY, STOP, Hear, Hearing
from processors.turns.silero import RATE, WINDOW, Silero
from tests import recordings

PACKET = 320
"""Bytes: 20 ms."""
SPEECH = (VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame)


class Judge:
    """Says of every pause what it is told to; None: nothing in time."""

    def __init__(self, verdict: float | None) -> None:
        self._verdict = verdict

    async def verdict(self, pcm: bytes) -> float | None:
        return self._verdict


@pytest.mark.parametrize(
    ("verdict", "in_turn", "windows"),
    [
        (0.95, True, EARLY),
        (0.95, False, STOP),
        (0.7, True, STOP),
        (0.02, True, STOP),
        (None, True, STOP),
    ],
)
async def test_only_a_turn_that_surely_sounds_like_an_end_ends_early(
    verdict: float | None, in_turn: bool, windows: int
) -> None:
    pcm = recordings.clip("google_brooklyn").pcm + bytes(2 * RATE)
    hear = Hear(
        Silero(),
        Judge(verdict),  # type: ignore[arg-type]
        Hearing(),
        Echo(),
        judged=lambda: True,
        in_turn=lambda: in_turn,
    )
    async with Bench(hear) as bench:
        for start in range(0, len(pcm), PACKET):
            await bench.send(InputAudioRawFrame(pcm[start : start + PACKET], RATE, 1))
            await rounds()
        stops = [f for f in bench.got() if isinstance(f, VADUserStoppedSpeakingFrame)]
    assert stops[-1].stop_secs == pytest.approx(windows * WINDOW / RATE)


async def test_a_speech_that_was_cut_off_goes_on_only_after_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing_module, "CLOSED", 0.0)
    monkeypatch.setattr(hearing_module, "CLOSING", 1000.0)
    pcm = recordings.clip("ps_librivox_0870").pcm
    hearing = Hearing()
    hear = Hear(Silero(), None, hearing, Echo(), judged=lambda: False, in_turn=lambda: True)

    async def said(seconds: float, until: float) -> list[type]:
        first, end = (round(at * 50) * PACKET for at in (seconds, until))
        for start in range(first, end, PACKET):
            await bench.send(InputAudioRawFrame(pcm[start : start + PACKET], RATE, 1))
            await rounds()
        return [type(f) for f in bench.got() if isinstance(f, SPEECH)]

    async with Bench(hear) as bench:
        assert await said(0.0, 1.5) == [VADUserStartedSpeakingFrame]
        hearing.cut = True
        assert await said(1.5, 4.0) == list(SPEECH), "the words of its turn may still come"
        hearing.closing = False
        assert await said(4.0, 6.0) == [*SPEECH, VADUserStartedSpeakingFrame]


async def test_a_voice_is_noticed_long_before_it_is_announced_as_speech() -> None:
    """So that a line which is read less often while it is silent announces speech no later."""
    pcm = bytes(RATE) + recordings.clip("google_brooklyn").pcm + bytes(2 * RATE)
    hearing = Hearing()
    hear = Hear(Silero(), None, hearing, Echo(), judged=lambda: False, in_turn=lambda: True)
    noticed = announced = 0.0
    async with Bench(hear) as bench:
        for start in range(0, len(pcm), PACKET):
            await bench.send(InputAudioRawFrame(pcm[start : start + PACKET], RATE, 1))
            await rounds()
            at = start / (2 * RATE)
            noticed = noticed or (0.0 if hearing.silent else at)
            announced = announced or (at if hearing.speaking else 0.0)
        assert hearing.silent, "after the speech"
    assert noticed >= 0.48, "before it"
    assert announced - noticed >= 2 * REST
