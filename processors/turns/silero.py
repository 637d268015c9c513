"""Voice activity: Silero through the ONNX model that Pipecat bundles, at 8 kHz.

One inference session serves the process: the recurrent state is passed in and out, so it can be
kept per call. Pipecat's own analyzer loads a session and a thread for each call (39 ms, 10 MB).
"""

import audioop
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import onnxruntime

RATE = 8000
WINDOW = 256
"""Samples in one inference: 32 ms."""
GATE = 33
"""Root mean square (of 32768) below which nobody speaks: -60 dBFS, chosen on 49 clips."""
_CONTEXT = 32
_RESET = int(2.0 * RATE / WINDOW)
"""Windows after which a quiet model's state is reset; else music or long silence deafens it."""
_LOW = 0.1
_LOW_WINDOWS = 5
_BEFORE = 3
"""Windows kept while the gate is closed, fed first when it opens."""

_SR = np.array(RATE, dtype=np.int64)


class Silero:
    """The model, loaded once per process."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        path = files("pipecat.audio.vad.data").joinpath("silero_vad.onnx")
        self._session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )

    def run(
        self, window: npt.NDArray[np.float32], state: npt.NDArray[np.float32]
    ) -> tuple[float, npt.NDArray[np.float32]]:
        """Probability of speech in 32 context + 256 new samples, and the next state. 0.13 ms."""
        probability, state = self._session.run(None, {"input": window, "state": state, "sr": _SR})
        return float(probability[0][0]), state


class Activity:
    """One call's windows: 16-bit PCM in, a probability of speech per 32 ms out."""

    def __init__(self, model: Silero) -> None:
        self._model = model
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input = np.zeros((1, _CONTEXT + WINDOW), dtype=np.float32)
        self._rest = bytearray()
        self._closed: list[bytes] = []
        self.gated = True
        """The last window was too quiet to be looked at."""
        self._windows = 0
        self._low = 0

    def feed(self, pcm: bytes, *, speaking: bool) -> list[float]:
        """Probabilities of the windows these samples complete; `speaking` keeps the gate open."""
        self._rest += pcm
        probabilities = []
        while len(self._rest) >= WINDOW * 2:
            window = bytes(self._rest[: WINDOW * 2])
            del self._rest[: WINDOW * 2]
            probabilities.append(self._window(window, speaking))
        return probabilities

    def _window(self, window: bytes, speaking: bool) -> float:
        if not speaking and audioop.rms(window, 2) < GATE:
            self.gated = True
            self._closed.append(window)
            del self._closed[:-_BEFORE]
            return 0.0
        if self.gated:
            self.gated = False
            self._reset()
            for earlier in self._closed:
                self._score(earlier)
            self._closed.clear()
        probability = self._score(window)
        self._low = self._low + 1 if probability < _LOW else 0
        self._windows += 1
        if self._windows >= _RESET and not speaking and self._low >= _LOW_WINDOWS:
            self._reset()
        return probability

    def _score(self, window: bytes) -> float:
        samples = self._input
        samples[0, :_CONTEXT] = samples[0, -_CONTEXT:]
        samples[0, _CONTEXT:] = np.frombuffer(window, np.int16)
        samples[0, _CONTEXT:] /= 32768.0
        probability, self._state = self._model.run(samples, self._state)
        return probability

    def _reset(self) -> None:
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input[:] = 0.0
        self._windows = self._low = 0
