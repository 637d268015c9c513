"""Knows an utterance by its audio: which recording is being played into a stream, and since when.

The stream's fingerprint is correlated with those of all recordings (a matched filter): it does not
matter where the stream began, how loud it is, or that noise, an echo and mu-law lie over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.simulators.deepgram.recordings import (
    HOP,
    RATE,
    WINDOW,
    Frames,
    Recording,
    Word,
    fingerprint,
    power,
    words,
)

LOOK = 60
"""Frames of the stream that are looked up."""
ENOUGH = 16
"""Active frames among them before a match is believed."""
LITTLE = 8
"""The same, where the speaker has stopped and no more is to come."""
MATCH = 0.66
"""Correlation that makes a match: other speech stays around 0.4."""
WITHIN = 0.82
"""The same for a stretch from the middle: a stream that began late, or lost a piece."""
BEGINNING = 15
"""Frames after its first word's start in which a recording is caught as a rule."""
LOST = 0.2
"""Correlation below which a recording is played no longer."""
TRAIL = 30
"""Frames by which this is seen."""
SHORTEST = 5
"""Frames of a word that can be checked by itself."""
LEAST = 0.3
"""Of a recording's loudest stretch: quieter ones are no place to match."""
KEPT = 500
"""Frames of the stream that are kept: 10 s."""
ACTIVE = 3e-5
"""Power of a frame, over all bands, that may be speech."""


@dataclass(frozen=True, slots=True)
class Match:
    recording: int
    offset: int
    """The recording's frame at which the looked-up stretch begins; below 0: before it."""
    score: float
    """Correlation in [0, 1]."""


class Library:
    """The fingerprints of all recordings, one after the other. Shared by all streams."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.words = [words(recording) for recording in recordings]
        self.prints = [fingerprint(power(recording.pcm)) for recording in recordings]
        self.ends = [round(said[-1].end * RATE / HOP) + 4 if said else 0 for said in self.words]
        """The frame after each one's last word."""
        self.begins = [round(said[0].start * RATE / HOP) if said else 0 for said in self.words]
        gap = np.zeros((LOOK, 11), np.float32)
        pieces = [gap]
        self._starts = []
        at = LOOK
        for piece in self.prints:
            self._starts.append(at)
            pieces += [piece, gap]
            at += len(piece) + LOOK
        joined = np.concatenate(pieces)
        self._size = 1 << (len(joined) + LOOK).bit_length()
        self._spectra = np.fft.rfft(joined, self._size, axis=0)
        self._energy = np.concatenate([[0.0], np.cumsum((joined**2).sum(axis=1))])

    def find(self, stretch: Frames) -> Match | None:
        """The best place for a stretch of at most `LOOK` frames."""
        norm = float(np.sqrt((stretch**2).sum()))
        if not self.prints or norm == 0.0:
            return None
        size = len(stretch)
        spectrum = np.conj(np.fft.rfft(stretch, self._size, axis=0))
        spectrum *= self._spectra
        places = len(self._energy) - size
        product = np.fft.irfft(spectrum.sum(axis=1), self._size)[:places]
        score = product / (self._norms(size) * norm)
        best = int(np.argmax(score))
        # by its end: a stretch may begin in the silence before a recording, never in another one
        recording = max(0, int(np.searchsorted(self._starts, best + size - 1, "right")) - 1)
        return Match(recording, best - self._starts[recording], float(score[best]))

    def score(self, recording: int, offset: int, stretch: Frames) -> float:
        """Correlation of a stretch with the place where it is expected; 0 in silence."""
        piece = self.prints[recording]
        first, last = max(0, offset), min(len(piece), offset + len(stretch))
        if last <= first:
            return 0.0
        here = piece[first:last]
        there = stretch[first - offset : last - offset]
        norm = float(np.sqrt((here**2).sum() * (stretch**2).sum()))
        return float((here * there).sum()) / norm if norm else 0.0

    def _norms(self, size: int) -> NDArray[np.float64]:
        """Norm of every stretch of that size; silence counts as if it were not quite silent."""
        norms = np.sqrt(np.maximum(self._energy[size:] - self._energy[:-size], 0.0))
        floor = LEAST * float(np.median(norms[norms > 0.0]))
        return np.asarray(np.maximum(norms, floor))


@dataclass(slots=True)
class _Track:
    recording: int
    start: int
    """The stream's frame at which the recording begins."""
    until: int
    """Frames from here on are not played: the recording's end, or where it was cut off."""


class Listener:
    """One stream: what has been said in it so far. Its time is the audio that came in."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._pcm = bytearray()
        self._prints = np.zeros((0, 11), np.float32)
        self._loud = np.zeros(0, bool)
        self._dropped = 0
        self._tracks: list[_Track] = []
        self._misses = 0
        self._next = 0

    @property
    def frames(self) -> int:
        return self._dropped + len(self._prints)

    def feed(self, pcm: bytes) -> None:
        self._pcm += pcm
        count = (len(self._pcm) // 2 - WINDOW) // HOP + 1
        if count <= 0:
            return
        bands = power(bytes(self._pcm[: 2 * (HOP * (count - 1) + WINDOW)]))
        del self._pcm[: 2 * HOP * count]
        self._prints = np.concatenate([self._prints, fingerprint(bands)])
        self._loud = np.concatenate([self._loud, bands.sum(axis=1) > ACTIVE])
        surplus = len(self._prints) - KEPT
        if surplus > 0:
            self._prints, self._loud = self._prints[surplus:], self._loud[surplus:]
            self._dropped += surplus
        self._follow()
        if self.frames >= self._next:
            self._look(ENOUGH)

    def settle(self) -> None:
        """No more is to come of this utterance: little is enough to decide."""
        self._look(LITTLE)

    def words(self) -> list[Word]:
        """All words of the stream that have begun, in order, with the stream's times."""
        said: list[Word] = []
        for track in self._tracks:
            shift = track.start * HOP / RATE
            until, now = track.until * HOP / RATE, self.frames * HOP / RATE
            for word in self._library.words[track.recording]:
                start, end = word.start + shift, word.end + shift
                middle = (start + end) / 2
                if not 0.0 < middle <= until or start > now or (said and middle <= said[-1].end):
                    continue
                said.append(Word(word.text, max(0.0, start), end, word.language))
            while said and said[-1].start >= shift and self._missing(track, said[-1]):
                said.pop()
        return said

    def _missing(self, track: _Track, word: Word) -> bool:
        """Due by the recording, and not there: a player may have been stopped in the middle."""
        first, last = round(word.start * RATE / HOP), min(round(word.end * RATE / HOP), self.frames)
        if first < self._dropped or last - first < SHORTEST:
            return False
        return self._absent(track, first, last)

    def _absent(self, track: _Track, first: int, last: int) -> bool:
        """The recording is loud in these frames of the stream, and the stream is not like it."""
        expected = self._library.prints[track.recording]
        here = expected[max(0, first - track.start) : max(0, last - track.start)]
        if not len(here) or float((here**2).mean()) < LEAST * float((expected**2).mean()):
            return False
        stretch = self._prints[first - self._dropped : last - self._dropped]
        return self._library.score(track.recording, first - track.start, stretch) < LOST

    def _follow(self) -> None:
        """Ends the newest track where its recording is no longer heard."""
        track = self._tracks[-1] if self._tracks else None
        if track is None or track.until <= self.frames:
            return
        if self._absent(track, max(self._dropped, self.frames - TRAIL), self.frames):
            track.until = self.frames

    def _look(self, enough: int) -> None:
        track = self._tracks[-1] if self._tracks else None
        if track is not None and track.until > self.frames:
            return
        since = 0 if track is None else track.until
        stretch, first = self._recent(max(since, self.frames - LOOK))
        loud = self._loud[len(self._loud) - len(stretch) :]
        if int(loud.sum()) < enough:
            self._misses = 0
            return
        self._next = self.frames + (10 if self._misses < 10 else 25)
        self._misses += 1
        match = self._library.find(stretch)
        if match is None:
            return
        within = match.offset > self._library.begins[match.recording] + BEGINNING
        if match.score < (WITHIN if within else MATCH):
            return
        self._misses = 0
        start = first - match.offset
        until = start + self._library.ends[match.recording]
        if until > since + 5:
            self._tracks.append(_Track(match.recording, start, until))

    def _recent(self, since: int) -> tuple[Frames, int]:
        """The stream's frames from `since` on, as far as they are kept, and where they begin."""
        first = max(since, self._dropped)
        return self._prints[first - self._dropped :], first
