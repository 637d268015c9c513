"""SVOX Pico (Apache-2.0), the embedded voice of Spanish and of four more languages.

The engine is driven by ctypes through the shared object of py-nanotts: that package's own call
would hold the interpreter lock for a whole sentence.
"""

import ctypes
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char_p, c_int16, c_int32, c_uint32, c_void_p
from pathlib import Path
from typing import Final

from processors.voice import weights
from processors.voice.flowing import Flow
from processors.voice.sound import samples

_RATE: Final = 16000
_BLOCK: Final = 2 * _RATE * 60 // 1000
"""Bytes that are made before anything is looked at: 60 ms."""
_MEMORY: Final = 2_500_000
"""Bytes that one engine lives in, named by Pico's manual."""
_BUSY: Final = 201
_IDLE: Final = 200
"""What pico_getData says: there is more, that was all; below 0 is an error."""
_DROP: Final = 1024
"""Bytes asked for at once; it gives 64."""
_SOFT: Final = 0x10
"""pico_resetEngine keeps what is loaded."""
_VOLUME: Final = 40
"""Percent: at its own volume Pico clips."""
_LEVEL: Final = -17.5
"""dBFS of its speech at that volume, on the average over sentences and voices; ±2 by sentence."""
_LOUDER: Final = 5.0
"""dB that it gains for each 1.0 of pitch."""

VOICES: Final = {
    "es-ES": {
        "lang/es-ES_ta.bin": "b18c60baf249466bf8785d333d8cb4cf1f6b62e5545986f621c66568f1851961",
        "lang/es-ES_zl0_sg.bin": "82e724d3c788767ec95f0d22b0ab738e677ad397f26ec0bbbf2c07aafdf29000",
    },
    "en-GB": {
        "lang/en-GB_ta.bin": "57998f6423236dea25cd572a73b13f371e64155840e31b571eba7fca0b521b7e",
        "lang/en-GB_kh0_sg.bin": "8f9f5d13a920a9f3371517178d42ce89b835f1e587760c2db280beb593c388fa",
    },
    "de-DE": {
        "lang/de-DE_ta.bin": "df292826754713d5efb6c95d60582c17753e95856b4c735c3150db722b2c218a",
        "lang/de-DE_gl0_sg.bin": "39147b816d08bbbe64b23797804cf691a761ab73a7689ca9e2b6f87ace722654",
    },
    "fr-FR": {
        "lang/fr-FR_ta.bin": "d9da5eb3cd7aac7071ab8ff7fee8d716f58572ee5393c1f0a8db946d6bf32f97",
        "lang/fr-FR_nk0_sg.bin": "85e2d63cf9f5522ea2a483d25ddd1cb0c6bfeecc39c92884aecfe7d3f179837a",
    },
    "it-IT": {
        "lang/it-IT_ta.bin": "9b243c3470660293691d0d4e000901d7c5d0fa71976b33986e92e93a860ade33",
        "lang/it-IT_cm0_sg.bin": "c48be4dc1f5a3c77a3dc4c8a457949b69bc433d674fac4fac91d49c01770e7e4",
    },
}
"""Text analysis and voice of each: file and SHA-256."""


class PicoError(RuntimeError):
    """The engine reported a status below 0."""


class Pico:
    """One engine of 2.5 MB, ready in 5 ms; `speak` belongs on one thread at a time."""

    name = "pico"

    def __init__(self, voice: str = "es-ES", *, pitch: float = 1.0) -> None:
        """`pitch` 0.5 to 2.0 makes another speaker of it. Raises Unusable without the data."""
        root = weights.folder("py_nanotts")
        weights.checked(root, VOICES[voice])
        self.language = voice[:2]
        self._pitch = round(pitch * 100)
        self._pico = _library(root)
        self._memory = ctypes.create_string_buffer(_MEMORY)
        self._engine = c_void_p()
        self._load([root / name for name in VOICES[voice]])

    def speak(self, text: str, pace: float = 1.0) -> Iterator[bytes]:
        """8 kHz PCM as it is made, 60 ms or more at a time; nothing where there is no sound."""
        flow = Flow(_LEVEL + _LOUDER * (self._pitch / 100 - 1))
        made = bytearray()
        for drop in self._drops(self._marked(text, pace)):
            made += drop
            if len(made) >= _BLOCK:
                if pcm := flow.add(samples(bytes(made))):
                    yield pcm
                made.clear()
        if pcm := flow.add(samples(bytes(made[: len(made) // 4 * 4]))) + flow.end():
            yield pcm

    def _marked(self, text: str, pace: float) -> bytes:
        """Pico's own mark-up; what could be taken for it is removed from the text."""
        plain = text.replace("<", " ").replace(">", " ").replace("\0", " ")
        speed = round(pace * 100)
        return (
            f'<speed level="{speed}"><pitch level="{self._pitch}"><volume level="{_VOLUME}">'
            f"{plain}</volume></pitch></speed>"
        ).encode() + b"\0"

    def _drops(self, text: bytes) -> Iterator[bytes]:
        """16-bit PCM at 16 kHz, 2 ms at a time: the library gives no more at once."""
        taken, got, kind = c_int16(), c_int16(), c_int16()
        buffer = ctypes.create_string_buffer(_DROP)
        status = _BUSY
        try:
            while text:
                status = self._pico.pico_putTextUtf8(self._engine, text, len(text), byref(taken))
                _must("pico_putTextUtf8", status if taken.value else -1)
                text = text[taken.value :]
                status = _BUSY
                while status == _BUSY:
                    status = self._pico.pico_getData(
                        self._engine, buffer, _DROP, byref(got), byref(kind)
                    )
                    yield ctypes.string_at(buffer, got.value)
                _must("pico_getData", status)
        finally:
            if status != _IDLE:  # an error, or nobody wants the rest
                self._pico.pico_resetEngine(self._engine, _SOFT)

    def _load(self, files: list[Path]) -> None:
        system, voice = c_void_p(), b"answerline"
        self._do("pico_initialize", self._memory, _MEMORY, byref(system))
        self._do("pico_createVoiceDefinition", system, voice)
        for file in files:
            resource, name = c_void_p(), ctypes.create_string_buffer(32)
            self._do("pico_loadResource", system, str(file).encode(), byref(resource))
            self._do("pico_getResourceName", system, resource, name)
            self._do("pico_addResourceToVoiceDefinition", system, voice, name)
        self._do("pico_newEngine", system, voice, byref(self._engine))

    def _do(self, function: str, *arguments: object) -> None:
        _must(function, getattr(self._pico, function)(*arguments))


def _must(function: str, status: int) -> None:
    if status < 0:
        raise PicoError(f"{function}: status {status}")


def _library(root: Path) -> ctypes.CDLL:
    found = sorted([*root.glob("_nanotts*.so"), *root.glob("_nanotts*.pyd")])
    if not found:
        raise weights.Unusable("py_nanotts has no shared object: reinstall answerline[local]")
    pico = ctypes.CDLL(str(found[0]))
    handle = POINTER(c_void_p)
    pico.pico_initialize.argtypes = [c_void_p, c_uint32, handle]
    pico.pico_createVoiceDefinition.argtypes = [c_void_p, c_char_p]
    pico.pico_loadResource.argtypes = [c_void_p, c_char_p, handle]
    pico.pico_getResourceName.argtypes = [c_void_p, c_void_p, c_char_p]
    pico.pico_addResourceToVoiceDefinition.argtypes = [c_void_p, c_char_p, c_char_p]
    pico.pico_newEngine.argtypes = [c_void_p, c_char_p, handle]
    pico.pico_resetEngine.argtypes = [c_void_p, c_int32]
    short = POINTER(c_int16)
    pico.pico_putTextUtf8.argtypes = [c_void_p, c_char_p, c_int16, short]
    pico.pico_getData.argtypes = [c_void_p, c_void_p, c_int16, short, short]
    return pico
