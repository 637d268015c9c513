"""The last half minute of a call's audio. Its clock is the number of samples received."""

RATE = 8000
"""Hz."""
KEPT = 30 * RATE
"""Samples: 480 kB a call."""
SLACK = 4 * RATE
"""Samples above `KEPT` before the old ones are let go, so that this happens every few seconds."""


class Ring:
    def __init__(self) -> None:
        self.received = 0
        """Samples so far: the call's time."""
        self._pcm = bytearray()

    @property
    def oldest(self) -> int:
        """The first sample that is still here."""
        return self.received - len(self._pcm) // 2

    def write(self, pcm: bytes) -> None:
        self._pcm += pcm
        self.received += len(pcm) // 2
        if len(self._pcm) > 2 * (KEPT + SLACK):
            del self._pcm[: len(self._pcm) - 2 * KEPT]

    def read(self, start: int, stop: int) -> bytes:
        """Samples [start, stop). Raises LookupError when `start` is here no longer."""
        first = start - self.oldest
        if first < 0:
            raise LookupError("this audio is no longer kept")
        return bytes(self._pcm[2 * first : 2 * (first + stop - start)])
