"""Recorded human speech by its name; where there is none, the embedded voices say the same words.

The recordings are no part of the repository: ANSWERLINE_AUDIO names their folder, else it is
`shared/audio` beside the project. What stands in for them is kept beside pytest's own cache, under
a digest of all that it is made by, and is whole from the moment it is there.
"""

import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.simulators.deepgram import Recording, from_folder
from agent.simulators.twilio import Clip
from processors.voice.hibari import Hibari
from processors.voice.local import Engine
from processors.voice.pico import Pico
from processors.voice.weights import Unusable

RATE: Final = 8000
PROJECT: Final = Path(__file__).parents[1]
RECORDED: Final = Path(
    os.environ.get("ANSWERLINE_AUDIO") or PROJECT.parent.joinpath("shared", "audio")
)
HUMAN: Final = (RECORDED / "manifest.json").is_file()
"""Whether people speak in these tests; a figure of theirs may be another one of the voices."""
KEPT: Final = PROJECT / ".pytest_cache" / "speech"
LEAD, TAIL = 0.3, 0.2
"""Seconds of silence before and after speech."""
NEAR: Final = 0.18
"""Seconds around the place of a pause, reckoned by letters, in which it lies where it is quiet."""

VOICES: Final[Mapping[str, Callable[[], Engine]]] = {
    "en": Hibari,
    "en, another": functools.partial(Pico, "en-GB"),
    "es": functools.partial(Pico, "es-ES"),
    "es, another": functools.partial(Pico, "es-ES", pitch=0.78),
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a voice says in place of a person."""

    text: str
    """A bar is a pause within."""
    pauses: tuple[float, ...] = ()
    """Seconds of each."""
    voice: str = "en"
    known: bool = True
    """Whether a recogniser that knows the recordings knows this one."""

    @property
    def parts(self) -> list[str]:
        return self.text.split("| ")

    @property
    def transcript(self) -> str | None:
        """As the manifest writes: small letters, no punctuation."""
        return re.sub(r"[^\w' ]", "", "".join(self.parts).lower()) if self.known else None


SPOKEN: Final[Mapping[str, Spoken]] = {
    "dograh_yes": Spoken("Yes."),
    "dograh_not_so_sure": Spoken("I don't know, I'm not so sure."),
    "dograh_midpauses": Spoken(
        "This is something that | I am testing to | make sure that the VAD | is working properly.",
        (1.0, 0.9, 0.5),
    ),
    "google_brooklyn": Spoken("How old is the Brooklyn Bridge?"),
    "google_df_today": Spoken("Today.", voice="en, another"),
    "google_df_half_an_hour": Spoken("Half an hour."),
    "azure_weather_mulaw": Spoken("What's the weather like?"),
    "pyd_marcelo": Spoken("Hello, my name is Marcelo."),
    "ps_forever": Spoken("Feels like these days go on forever."),
    "ps_cards_005": Spoken("Eight of spades, four of clubs, seven of hearts."),
    "ps_librivox_0870": Spoken(
        "And Mister John Dashwood had then leisure to consider how much there might be prudently "
        "in his power to do for them.",
        voice="en, another",
    ),
    "ps_librivox_0930": Spoken("He might even have been made amiable himself."),
    "sb_spk1_snt1": Spoken("The child almost hurt the small dog."),
    "ibm_thunderstorms": Spoken(
        "Thunderstorms could produce large hail, isolated tornadoes and heavy rain."
    ),
    "jfk": Spoken(
        "And so my fellow Americans, ask not | what your country can do | for you, ask what you "
        "can do for | your country.",
        (0.7, 0.7, 0.7),
    ),
    "fsdd_phone_lucas": Spoken("Five, five, five, zero, one, four, two."),
    "pv_es": Spoken(
        "Las arenas son blanquecinas de grano medio | y tiene muy poca asistencia.", (0.6,), "es"
    ),
    "azure_es_mx": Spoken("Quería saber si mi seguro cubre la grúa.", (), "es", known=False),
    "pv_rhino_es_out": Spoken("Pon la música en el salón.", (), "es, another", known=False),
    "aws_call40_agent": Spoken(
        "Thank you for calling the garage, how may I help you? | Of course, let me look that up. "
        "| It will be ready on Friday afternoon.",
        (8.0, 9.0),
        known=False,
    ),
}


def folder() -> Path:
    """WAV files of 8 kHz and their manifest.json."""
    return RECORDED if HUMAN else _spoken()


def clip(name: str, transcript: str = "", language: str = "en") -> Clip:
    return Clip.read(folder() / f"{name}.wav", transcript=transcript, language=language)


def recording(name: str) -> Recording:
    """With its words."""
    return next(each for each in from_folder(folder()) if each.name == name)


@functools.cache
def _spoken() -> Path:
    """Made by whoever needs it first; where two workers do, one of the two is kept."""
    place = KEPT / _digest()
    if not place.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=KEPT))
        try:
            _make(made)
            made.rename(place)
        except OSError:
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return place


def _digest() -> str:
    sources = [Path(__file__), *sorted(PROJECT.glob("processors/voice/*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _make(place: Path) -> None:
    try:
        voices = {name: make() for name, make in VOICES.items()}
    except Unusable as error:
        pytest.skip(f"no recorded speech at {RECORDED}, and no embedded voice: {error}")
    manifest = [
        _written(place, name, said.voice[:2], _speech(voices[said.voice], said), said.transcript)
        for name, said in SPOKEN.items()
    ]
    manifest.append(_written(place, "sb_noise_babble", "-", _babble(12.0), ""))
    (place / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def _written(
    place: Path, name: str, language: str, pcm: bytes, transcript: str | None
) -> dict[str, object]:
    with wave.open(str(place / f"{name}.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(pcm)
    return {
        "id": name,
        "language": language,
        "transcript": transcript,
        "duration": len(pcm) / 2 / RATE,
        "kind": ["noise"] if language == "-" else ["sentence"],
    }


def _speech(voice: Engine, said: Spoken) -> bytes:
    """In one breath, then cut: so a pause within does not sound like an end."""
    whole = np.frombuffer(b"".join(voice.speak("".join(said.parts))), "<i2")
    pieces = np.split(whole, _cuts(whole, said.parts))
    pauses = [*said.pauses, TAIL]
    sound = [_silence(LEAD)]
    for piece, pause in zip(pieces, pauses, strict=True):
        sound += [piece, _silence(pause)]
    return np.concatenate(sound).tobytes()


def _cuts(whole: NDArray[np.int16], parts: list[str]) -> list[int]:
    """The quietest 30 ms near the place of each bar."""
    power = np.convolve(whole.astype(float) ** 2, np.ones(240), "same")
    voiced = np.flatnonzero(power > power.max() / 1000)
    letters = np.cumsum([len(part) for part in parts]) / sum(len(part) for part in parts)
    cuts = []
    for share in letters[:-1]:
        place = int(voiced[0] + share * (voiced[-1] - voiced[0]))
        first = max(0, place - int(NEAR * RATE))
        cuts.append(first + int(np.argmin(power[first : place + int(NEAR * RATE)])))
    return cuts


def _silence(seconds: float) -> NDArray[np.int16]:
    return np.zeros(round(seconds * RATE), "<i2")


def _babble(seconds: float) -> bytes:
    """Many voices at once and no word: bands of noise, each of which swells and fades."""
    draw = np.random.default_rng(7)
    size = round(seconds * RATE)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    sound = np.zeros(size)
    for middle in np.geomspace(150.0, 3000.0, 16):
        spectrum = np.fft.rfft(draw.normal(size=size))
        band = np.fft.irfft(spectrum * np.exp(-((hertz / middle - 1) ** 2) * 20), size)
        swells = np.interp(
            np.arange(size),
            np.arange(0, size + 1600, 1600),
            draw.uniform(0.3, 1.0, size // 1600 + 1),
        )
        sound += band / np.abs(band).max() * swells * (150.0 / middle) ** 0.5
    return np.asarray(sound / np.abs(sound).max() * 12000, "<i2").tobytes()
