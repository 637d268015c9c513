"""What Deepgram's nova-3 says about a stream: audio in, events out, no network and no clock.

Fields and order are those of recorded conversations with the real service. Time is audio.
"""

import audioop
import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.simulators.deepgram.recognition import Library, Listener
from agent.simulators.deepgram.recordings import RATE, Word

Event = dict[str, Any]

STEP = 1600
"""Bytes of PCM between two decisions: 0.1 s."""
TICK = 1.04
"""Seconds of a segment after which an interim result comes, with or without words."""
UNSURE = 0.12
"""Seconds at the end of the audio whose words are not reported yet."""
LONGEST = 7.0
"""Seconds of a segment with words; whoever goes on talking is finalised in pieces."""
EMPTY = 4.0
"""Seconds of a segment without words."""
MODEL = "40bd3654-e622-47c4-a111-63a61b23bfe8"


KEYTERM_TOKENS = 500
"""Of two letters each, here."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of `/v1/listen` that change what is sent."""

    mulaw: bool
    interims: bool
    endpointing: float | None
    """Seconds of silence that end a segment; None: never."""
    utterance_end: float | None
    """Seconds after a word that bring an UtteranceEnd."""
    speech_started: bool
    multilingual: bool
    punctuate: bool
    model: str


def read(query: Mapping[str, str], keyterms: Sequence[str] = ()) -> Query:
    """Raises ValueError with Deepgram's kind of sentence."""
    if keyterms and not query.get("model", "nova-3").startswith("nova-3"):
        raise ValueError("Keyterm prompting is only supported with Nova-3")
    if sum(len(term) for term in keyterms) > 2 * KEYTERM_TOKENS:
        raise ValueError(f"Keyterm limit exceeded. The maximum is {KEYTERM_TOKENS} tokens.")
    encoding = query.get("encoding", "")
    if encoding not in {"mulaw", "linear16"}:
        raise ValueError("Invalid 'encoding': this simulator knows mulaw and linear16")
    if query.get("sample_rate") != str(RATE):
        raise ValueError("Invalid 'sample_rate': this simulator knows 8000")
    endpointing, utterance_end = query.get("endpointing", "10"), query.get("utterance_end_ms")
    return Query(
        mulaw=encoding == "mulaw",
        interims=query.get("interim_results") == "true",
        endpointing=None if endpointing == "false" else int(endpointing) / 1000,
        utterance_end=None if utterance_end is None else int(utterance_end) / 1000,
        speech_started=query.get("vad_events") == "true",
        multilingual=query.get("language") == "multi",
        punctuate=query.get("punctuate") == "true" or query.get("smart_format") == "true",
        model=query.get("model", "nova-3"),
    )


class Transcription:
    def __init__(self, library: Library, query: Query, *, deaf: bool = False) -> None:
        """`deaf`: answers properly, with nothing in it."""
        self.now = 0.0
        """Seconds of audio so far."""
        self.request_id = str(uuid.uuid4())
        self._query = query
        self._deaf = deaf
        self._listener = Listener(library)
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self._segment = 0.0
        self._ticks = 1
        self._last_end: float | None = None
        self._speech = False

    def audio(self, data: bytes) -> Iterator[Event]:
        self._digest.update(data)
        self._waiting += audioop.ulaw2lin(data, 2) if self._query.mulaw else data
        while len(self._waiting) >= STEP:
            self._hear(STEP)
            yield from self._step()

    def finalize(self) -> Iterator[Event]:
        """The answer to Finalize; nothing where no audio is left to be finalised."""
        self._hear(len(self._waiting))
        self._listener.settle()
        if self.now - self._segment >= UNSURE / 2:
            yield self._final(self._said(), self.now, speech_final=True, from_finalize=True)

    def close(self) -> Iterator[Event]:
        """The answer to CloseStream: what is left, an empty result, and the summary."""
        self._hear(len(self._waiting))
        self._listener.settle()
        yield self._final(self._said(), self.now, speech_final=True)
        yield self._final([], self.now, speech_final=True)
        info = {"name": f"general-{self._query.model}", "version": "2025-04-17.21547"}
        yield {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self.request_id,
            "sha256": self._digest.hexdigest(),
            "created": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "duration": self.now,
            "channels": 1,
            "models": [MODEL],
            "model_info": {MODEL: {**info, "arch": self._query.model}},
        }

    def _hear(self, size: int) -> None:
        self._listener.feed(bytes(self._waiting[:size]))
        del self._waiting[:size]
        self.now += size / 2 / RATE

    def _step(self) -> Iterator[Event]:
        heard = self._open()
        sure = [word for word in heard if word.end <= self.now - UNSURE]
        yield from self._started(heard)
        silence = self.now - sure[-1].end if sure else 0.0
        complete = len(sure) == len(heard)
        length = self.now - self._segment
        if sure and complete and self._silent(silence):
            yield self._final(sure, self.now, speech_final=True)
        elif sure and length >= LONGEST:
            yield self._final(sure, sure[-1].end, speech_final=False)
        elif not heard and length >= EMPTY:
            yield self._final([], self.now - 1.0, speech_final=False)
        elif length >= self._ticks * TICK:
            self._ticks += 1
            if self._query.interims:
                yield self._result(sure, self.now, final=False)
        yield from self._ended()

    def _silent(self, silence: float) -> bool:
        return self._query.endpointing is not None and silence >= self._query.endpointing

    def _started(self, heard: list[Word]) -> Iterator[Event]:
        if heard and not self._speech:
            self._speech = True
            if self._query.speech_started:
                at = round(heard[0].start, 2)
                yield {"type": "SpeechStarted", "channel": [0, 1], "timestamp": at}

    def _ended(self) -> Iterator[Event]:
        after, last = self._query.utterance_end, self._last_end
        if after is not None and last is not None and self.now - last >= after:
            self._last_end = None
            yield {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": last}

    def _open(self) -> list[Word]:
        """The words that have begun since the last final."""
        if self._deaf:
            return []
        words = self._listener.words()
        return [word for word in words if (word.start + word.end) / 2 > self._segment]

    def _said(self) -> list[Word]:
        """Those of them that were heard by half: no more audio will come for them."""
        return [word for word in self._open() if (word.start + word.end) / 2 <= self.now]

    def _final(
        self, words: list[Word], until: float, *, speech_final: bool, from_finalize: bool = False
    ) -> Event:
        event = self._result(
            words, until, final=True, speech_final=speech_final, from_finalize=from_finalize
        )
        self._segment, self._ticks, self._speech = until, 1, False
        if words:
            self._last_end = words[-1].end
        return event

    def _result(
        self,
        words: list[Word],
        until: float,
        *,
        final: bool,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> Event:
        info = {"name": f"general-{self._query.model}", "version": "2025-04-17.21547"}
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(until - self._segment, 4),
            "start": round(self._segment, 4),
            "is_final": final,
            "speech_final": speech_final,
            "channel": {"alternatives": [self._alternative(words)]},
            "metadata": {
                "request_id": self.request_id,
                "model_info": {**info, "arch": self._query.model},
                "model_uuid": MODEL,
            },
            "from_finalize": from_finalize,
        }

    def _alternative(self, words: list[Word]) -> Event:
        text = " ".join(word.text if self._query.punctuate else word.bare for word in words)
        alternative: Event = {
            "transcript": text,
            "confidence": 0.99 if words else 0.0,
            "words": [self._word(word) for word in words],
        }
        if self._query.multilingual and words:
            alternative["languages"] = list(dict.fromkeys(word.language for word in words))
        return alternative

    def _word(self, word: Word) -> Event:
        event: Event = {
            "word": word.bare,
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "confidence": 0.98,
        }
        if self._query.multilingual:
            event["language"] = word.language
        if self._query.punctuate:
            event["punctuated_word"] = word.text
        return event
