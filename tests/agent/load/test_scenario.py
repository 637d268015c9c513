"""Recordings from a folder."""

import wave
from pathlib import Path

import orjson
import pytest

from agent.load import Mistake, read_clips
from tests.agent.simulators.reference import tone


def record(folder: Path, name: str, seconds: float = 0.5) -> None:
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600) + tone(seconds) + bytes(1600))


def test_takes_every_wav_and_leaves_its_silence_out(tmp_path: Path) -> None:
    record(tmp_path, "b")
    record(tmp_path, "a")
    clips = read_clips(tmp_path)
    assert [clip.name for clip in clips] == ["a", "b"]
    assert clips[0].seconds == pytest.approx(0.5, abs=0.02)


def test_the_manifest_gives_words_and_language(tmp_path: Path) -> None:
    for name in ("hola", "yes", "noise", "unknown"):
        record(tmp_path, name)
    rows = [
        {"id": "hola", "transcript": "hola", "language": "es"},
        {"wav": "some/yes.wav", "transcript": "yes", "language": "en"},
        {"id": "noise", "transcript": ""},
        {"id": "unknown", "transcript": None, "language": "en"},
    ]
    (tmp_path / "manifest.json").write_bytes(orjson.dumps(rows))
    assert [(clip.name, clip.transcript) for clip in read_clips(tmp_path)] == [
        ("hola", "hola"),
        ("unknown", ""),
        ("yes", "yes"),
    ]
    assert [clip.name for clip in read_clips(tmp_path, language="es")] == ["hola"]


def test_long_conversations_are_left_out(tmp_path: Path) -> None:
    record(tmp_path, "long", seconds=15.0)
    with pytest.raises(Mistake, match="no WAV of speech up to 12 s"):
        read_clips(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="is no folder"):
        read_clips(tmp_path / "nothing")


def test_a_file_that_is_no_wav_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(Mistake, match=r"broken\.wav"):
        read_clips(tmp_path)


@pytest.mark.parametrize("text", [b"{", b"7", b'[{"x": 1}]'])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, text: bytes) -> None:
    record(tmp_path, "a")
    (tmp_path / "manifest.json").write_bytes(text)
    with pytest.raises(Mistake, match=r"manifest\.json"):
        read_clips(tmp_path)
