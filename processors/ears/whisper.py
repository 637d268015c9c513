"""The embedded recogniser: Whisper on CTranslate2, one utterance at a time, one thread a process.

What makes it fast is the window: the encoder sees max(10 s, length + 1 s) instead of 30 s. Below
8 s the decoder loops, so the window is no smaller for a short answer.
"""

import asyncio
import importlib
import time
from asyncio import Future
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from knowledge.chain import Fault
from knowledge.events import Emit, Waited
from knowledge.rough import Rough
from knowledge.translation import ENGLISH, WITHIN
from processors.ears.mel import RATE, Mel, Spectrum
from processors.ears.plausible import confidence, once, plausible, spoken
from processors.ears.terms import Terms
from processors.ears.weights import Size, Weights, WeightsMissing, find

LINE_RATE = 8000
SHORTEST_WINDOW = 10.0
LONGEST = 29.0
"""Seconds of one utterance: the encoder's 30 less the second of silence at the end."""
BEAM = 5
SURE = 0.96
"""Confidence from which no term is looked for."""
MOST_TOLD = 180
"""Tokens of the terms, of 224 that Whisper takes. They cost the decoder 60 ms."""
MOST_TOKENS = 448
"""That Whisper's decoder has places for, the prompt's among them."""
QUEUE = 8
"""Utterances that may wait for the thread; the next one is refused."""
FAMILIAR = 4.0
"""How much likelier the language heard before is than another: a "no" has none of its own."""


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    language: str
    """Two letters."""
    confidence: float
    """In [0, 1]."""
    reading: Future[Rough | None] | None = None
    """In English, where it is being made; later than the transcript."""


@dataclass(frozen=True, slots=True)
class _Recognised:
    transcript: Transcript | None
    waited: float
    """Seconds in the queue."""
    encoded: object
    seconds: float
    """Of speech."""


class Whisper:
    """Shared by all calls of the process. `load` takes a second or two: not on the event loop."""

    def __init__(
        self, weights: Weights, languages: Sequence[str], terms: Terms, *, reads: bool = False
    ) -> None:
        """`reads`: what is said in another language is read in English too, where nobody waits for
        the thread. Raises WeightsMissing where the extra `local` is not installed."""
        ctranslate2, self._resample, tokenizers = _engines()
        self.name = weights.name
        self._storage = ctranslate2.StorageView.from_array
        self._model: Any = ctranslate2.models.Whisper(
            weights.name,
            device="cpu",
            compute_type="int8",
            inter_threads=1,
            intra_threads=1,
            files=weights.files,
        )
        self._tokens: Any = tokenizers.Tokenizer.from_buffer(weights.tokenizer)
        self._mel = Mel(self._model.n_mels)
        self._languages = tuple(languages) or ("en",)
        self._prompts = {code: self._prompt(code) for code in self._languages}
        self._terms = terms
        self._listed = {code: self._before(terms.listed.get(code, ())) for code in self._languages}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        self._waiting = 0
        self._reads = reads

    @classmethod
    def load(
        cls,
        languages: Sequence[str],
        *,
        models: str | None = None,
        words: Mapping[str, Sequence[str]] | None = None,
        reads: bool = False,
    ) -> Self:
        """`languages`: two letters each; English alone takes the smaller, English-only model.

        `models`: LOCAL_MODELS_DIR. `words`: by language, the trade's words, to be heard and
        spelled right.
        `reads`: as above.
        Raises WeightsMissing, and ValueError for a language that Whisper does not know.
        """
        size: Size = "tiny.en" if tuple(languages) == ("en",) else "base"
        engine = cls(find(size, models), languages, Terms(words or {}), reads=reads)
        engine._recognise(np.zeros(RATE, np.float32).tobytes(), "", time.monotonic())
        return engine

    async def transcribe(
        self, pcm: bytes, *, call: str, emit: Emit, familiar: str = ""
    ) -> Transcript | None:
        """What was said in `pcm` (8 kHz); None where it is no speech that can be trusted.

        `familiar`: the language heard last, two letters. Raises Fault("limited") when too many
        utterances wait already, Fault("broken") when the engine fails.
        """
        if self._waiting >= QUEUE:
            raise Fault("limited", "the recogniser's queue is full", proven=False)
        self._waiting += 1
        try:
            made = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._recognise, pcm, familiar, time.monotonic()
            )
        except RuntimeError as error:
            raise Fault("broken", "the embedded recogniser failed") from error
        finally:
            self._waiting -= 1
        emit(Waited(call, "ears.queue", made.waited))
        said = made.transcript
        if said is None or not self._reads or said.language == ENGLISH or self._waiting:
            return said
        reading = asyncio.get_running_loop().run_in_executor(
            self._thread, self._read, made, time.monotonic()
        )
        return replace(said, reading=reading)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _recognise(self, pcm: bytes, familiar: str, asked: float) -> _Recognised:
        """In the worker thread."""
        waited = time.monotonic() - asked
        line = np.frombuffer(pcm, np.int16)[: round(LONGEST * LINE_RATE)].astype(np.float32)
        audio: Spectrum = self._resample(line / 32768.0, LINE_RATE, RATE, "HQ")
        seconds = len(audio) / RATE
        heard = self._mel(audio, max(SHORTEST_WINDOW, seconds + 1.0))
        encoded = self._model.encode(self._storage(heard[None]))
        language = self._language(encoded, familiar)
        said = self._decode(encoded, self._prompts[language], seconds)
        if said is None:
            return _Recognised(None, waited, None, seconds)
        text = self._terms.mend(said.text, language)
        # this one is among those that wait
        if self._listed[language] and said.sure < SURE and self._waiting <= 1:
            prompt = [*self._listed[language], *self._prompts[language]]
            again = None
            with suppress(RuntimeError):  # the first one is heard all the same
                again = self._decode(encoded, prompt, seconds, beam=1)
            if again is not None:
                text = self._terms.adopted(text, self._terms.mend(again.text, language), language)
        return _Recognised(Transcript(text, language, said.sure), waited, encoded, seconds)

    def _read(self, made: _Recognised, asked: float) -> Rough | None:
        """In the worker thread; None for a turn that waits no longer."""
        assert made.transcript is not None
        if time.monotonic() - asked > WITHIN:
            return None
        start, language, _, end = self._prompts[made.transcript.language]
        try:
            return self._decode(made.encoded, [start, language, "<|translate|>", end], made.seconds)
        except RuntimeError:
            return None

    def _decode(
        self, encoded: object, prompt: list[str], seconds: float, *, beam: int = BEAM
    ) -> Rough | None:
        """None where nothing of the kind can have been said."""
        best = self._model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            max_length=min(len(prompt) + 16 + round(12 * seconds), MOST_TOKENS),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        text = once(spoken(self._tokens.decode(best.sequences_ids[0])))
        score, no_speech = float(best.scores[0]), float(best.no_speech_prob)
        if not plausible(text, seconds, score, no_speech):
            return None
        return Rough(text, confidence(score, no_speech))

    def _language(self, encoded: object, familiar: str) -> str:
        """The likeliest of the configured ones: unrestricted, quiet English is called Arabic."""
        if len(self._languages) == 1 or not self._model.is_multilingual:
            return self._languages[0]
        likely = {token[2:-2]: share for token, share in self._model.detect_language(encoded)[0]}
        return max(
            self._languages,
            key=lambda code: likely.get(code, 0.0) * (FAMILIAR if code == familiar else 1.0),
        )

    def _before(self, terms: Sequence[str]) -> list[str]:
        """Tokens of a text that went before, which the decoder takes for its own spelling: as many
        terms as have room."""
        told: list[str] = []
        for term in terms:
            more: list[str] = self._tokens.encode(f" {term},", add_special_tokens=False).tokens
            if len(told) + len(more) > MOST_TOLD:
                break
            told += more
        return ["<|startofprev|>", *told] if told else []

    def _prompt(self, language: str) -> list[str]:
        """Special tokens as text: the language and the task. Raises ValueError."""
        start, end = "<|startoftranscript|>", "<|notimestamps|>"
        if not self._model.is_multilingual:
            if language != "en":
                raise ValueError(f"LANGUAGES: Whisper {self.name} knows English only")
            return [start, end]
        if self._tokens.token_to_id(f"<|{language}|>") is None:
            raise ValueError(f"LANGUAGES: Whisper {self.name} does not know {language!r}")
        return [start, f"<|{language}|>", "<|transcribe|>", end]


def _engines() -> tuple[Any, Any, Any]:
    """Imported on demand: a service whose ears are in the cloud does without the extra."""
    try:
        return (
            importlib.import_module("ctranslate2"),
            importlib.import_module("soxr").resample,
            importlib.import_module("tokenizers"),
        )
    except ImportError as error:
        raise WeightsMissing(
            f"the embedded ears need the package {error.name}: install the extra `local`"
        ) from error
