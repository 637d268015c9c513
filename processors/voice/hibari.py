"""The embedded English voice: hibari-tts (Apache-2.0), a small neural voice at 24 kHz."""

from collections.abc import Iterator

import numpy as np

from processors.voice import sound, weights
from processors.voice.sentences import breaths

WEIGHTS = {
    "assets/hibari.onnx": "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
    "assets/oov.onnx": "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
}


class Hibari:
    """Loaded once per process, half a second of work; `speak` belongs on a worker thread."""

    name = "hibari"
    language = "en"

    def __init__(self) -> None:
        """Raises Unusable where the package is missing or its weights are not the known ones."""
        weights.checked(weights.folder("hibari"), WEIGHTS)
        import hibari  # noqa: PLC0415  an optional package

        self._engine = hibari.Hibari(threads=1)
        self._engine("Ready.", seed=0)  # loads the lexicon, and the first run allocates

    def speak(self, text: str, pace: float = 1.0) -> Iterator[bytes]:
        """8 kHz PCM, a breath at a time; nothing where the text has no sound."""
        for breath in breaths(text):
            made = self._engine(breath, speed=pace, seed=0)
            pcm = sound.finished(np.asarray(made, np.float32), self._engine.sample_rate)
            if pcm:
                yield pcm
