"""A sentence as it was spoken, whole: its sound and when each word begins; how it lies in a file.

mu-law, which is what the line sends: half the bytes of PCM, and nothing is rounded twice.
"""

import audioop
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from processors.voice.client import RATE, Sound, Word
from processors.voice.sound import BEFORE, loudness, samples

FIRST = RATE * 60 // 1000
"""Bytes of the first piece that is handed out, as small as a live voice's."""
PIECE = 4 * FIRST
"""Of the others: each is a frame, and frames cost."""
ONSET = -50.0
"""dBFS from which something is heard; what is softer before it only delays the answer."""


class Unreadable(Exception):
    """Bytes that are no speech of ours, or not all of it."""


@dataclass(frozen=True, slots=True)
class Speech:
    mulaw: bytes
    """8 kHz."""
    words: tuple[Word, ...] = ()
    """With seconds from the first sample; () where the voice gave no times."""

    @property
    def size(self) -> int:
        return len(self.mulaw)

    def sounds(self) -> Iterator[Sound]:
        """As its voice would have given it."""
        words = list(self.words)
        for start, end in _pieces(len(self.mulaw)):
            last = end == len(self.mulaw)
            begun = [word for word in words if last or word.at * RATE < end]
            del words[: len(begun)]
            done = None if not self.words else 0
            yield Sound(audioop.ulaw2lin(self.mulaw[start:end], 2), tuple(begun), done)


def whole(sounds: Sequence[Sound]) -> Speech | None:
    """Out of all that a voice gave for one script; None where nothing of it is to be heard."""
    pcm = b"".join(sound.pcm for sound in sounds)
    begin = _begin(pcm)
    if begin is None:
        return None
    words = [word for sound in sounds for word in sound.words]
    told = tuple(Word(word.text, max(0.0, word.at - begin / RATE)) for word in words)
    return Speech(audioop.lin2ulaw(pcm[2 * begin :], 2), told)


def packed(speech: Speech) -> bytes:
    """One line of JSON, then the sound."""
    words = [[word.text, round(word.at, 3)] for word in speech.words]
    head = orjson.dumps({"words": words, "sum": zlib.crc32(speech.mulaw), "size": speech.size})
    return head + b"\n" + speech.mulaw


def unpacked(data: bytes) -> Speech:
    """Raises Unreadable."""
    head, _, mulaw = data.partition(b"\n")
    try:
        told = orjson.loads(head)
        words = tuple(Word(str(text), float(at)) for text, at in told["words"])
        size, checksum = told["size"], told["sum"]
    except (ValueError, TypeError, KeyError) as error:
        raise Unreadable("no head") from error
    if not mulaw or len(mulaw) != size or zlib.crc32(mulaw) != checksum:
        raise Unreadable("not whole")
    return Speech(mulaw, words)


def _pieces(size: int) -> Iterator[tuple[int, int]]:
    start, length = 0, FIRST
    while start < size:
        yield start, min(start + length, size)
        start, length = start + length, PIECE


def _begin(pcm: bytes) -> int | None:
    """The sample from which it is worth hearing; None: there is none."""
    loud = np.flatnonzero(loudness(samples(pcm), RATE) > ONSET)
    if not loud.size:
        return None
    return max(0, int(loud[0]) * RATE // 100 - int(BEFORE * RATE))
