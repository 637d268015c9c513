"""Whether a pause ends the turn, by its sound: smart-turn v3, the model that Pipecat bundles.

One session and one thread per process, so that at most one verdict runs at a time and a new call
loads nothing. A verdict that would wait too long is not made: silence decides then.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

RATE = 8000
LONGEST = 8.0
"""Seconds of speech that the model looks at."""
MOST_WAITING = 4
"""Verdicts that may wait for the thread; one takes 70 to 110 ms of CPU."""


class SmartTurn:
    def __init__(self) -> None:
        self._model = LocalSmartTurnAnalyzerV3(cpu_count=1, sample_rate=RATE)
        self._model.set_sample_rate(RATE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smart-turn")
        self._waiting = 0

    async def verdict(self, pcm: bytes) -> float | None:
        """Probability that the turn whose last seconds these are is complete; None: too busy."""
        if self._waiting >= MOST_WAITING:
            return None
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._judge, pcm)
        finally:
            self._waiting -= 1

    def warm(self) -> None:
        """The first verdict of a process takes longer; make it before the first call."""
        self._judge(bytes(RATE))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _judge(self, pcm: bytes) -> float:
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768.0
        # the analyzer's own entry point keeps a buffer and a thread pool per call; the model
        # itself is behind this one method
        probability: float = self._model._predict_endpoint(samples)["probability"]
        return probability
