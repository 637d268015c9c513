"""Frames that come too late, seen where it matters: at the caller's playout buffer."""

import time

from agent.simulators.twilio.call import Call

LONGEST = 3.0
"""Seconds of silence that still count as a hole in an answer, not as its end."""


class Playout:
    """Counts the agent's packets of one call. Late: the buffer had been empty for > 20 ms."""

    def __init__(self, call: Call) -> None:
        self.packets = self.late = 0
        self._call = call
        self._receive = call.ear.receive
        call.ear.receive = self._take  # type: ignore[method-assign]

    def _take(self, audio: bytes, now: float) -> None:
        ear = self._call.ear
        before = len(ear.droughts)
        self._receive(audio, now)
        self.packets += 1
        if len(ear.droughts) > before:
            dry, filled = ear.droughts[-1]
            self.late += self._inside(dry, filled)

    def _inside(self, dry: float, filled: float) -> bool:
        """Within one answer: nobody finished speaking in between, nothing was cleared."""
        ended = [one.ended for one in self._call.mouth.said if one.ended is not None]
        reply = any(dry - 0.1 <= end <= filled for end in ended[-2:])
        cleared = any(dry - 0.1 <= clear <= filled for clear in self._call.ear.clears[-2:])
        return filled - dry <= LONGEST and not reply and not cleared


def answered_after(call: Call, since: float) -> list[float]:
    """Voice-to-voice of the turns that ended after this second of the monotonic clock."""
    call.ear.advance(time.monotonic())
    return [
        turn.voice_to_voice
        for turn in call.turns()
        if turn.voice_to_voice is not None and turn.ended + call.zero >= since
    ]
