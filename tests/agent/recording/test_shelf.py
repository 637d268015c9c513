"""The folder of recordings."""

import os
import signal
import stat
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from agent.recording import shelf
from agent.recording.wav import Wav

CALL, OTHER = "CA" + "1" * 32, "CA" + "2" * 32
MOMENT = b"\x01\x02\x03\x04"


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def left_behind(folder: Path, call: str, frames: int = 8000, *, began: float = 0.0) -> str:
    """A recording that a process has not finished."""
    name = shelf.name(call, began)
    sound = Wav(folder / f"{name}.wav.part")
    if frames:
        sound.write(MOMENT * frames)
    sound.close(lasting=False)
    (folder / f"{name}.jsonl.part").write_bytes(b"{}\n")
    return name


def test_a_name_tells_the_call_and_when_it_began_and_nobodys_number() -> None:
    assert shelf.name(CALL, 1796271593.5) == f"{CALL}-20261203T041953500Z"
    assert shelf.name("../+15550100200", 0.0) == "15550100200-19700101T000000000Z"


def test_the_folder_and_its_files_are_for_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "recordings"
    shelf.prepare(folder)
    name = left_behind(folder, CALL)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{name}.wav.part").stat().st_mode) == 0o600


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        shelf.prepare(tmp_path / "file")


def test_the_header_is_right_after_each_write(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sound = Wav(path)
    for count in (1, 2, 3):
        sound.write(MOMENT * 8000)
        with wave.open(str(path)) as read:
            assert read.getparams()[:4] == (2, 2, 8000, 8000 * count)
            assert read.readframes(1) == MOMENT
    sound.close()


def test_what_a_killed_process_has_left_is_finished_at_the_next_start(tmp_path: Path) -> None:
    program = (
        "import os, sys, signal; from pathlib import Path; from agent.recording.wav import Wav\n"
        "sound = Wav(Path(sys.argv[1])); sound.write(b'\\x01\\x02\\x03\\x04' * 4000)\n"
        "os.pwrite(sound._fd, b'torn', 44 + 16000)\n"
        "print('written', flush=True); signal.pause()"
    )
    name = shelf.name(CALL, 1.0)
    part = tmp_path / f"{name}.wav.part"
    with subprocess.Popen([sys.executable, "-c", program, part], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"written\n"
        assert shelf.mend(tmp_path) == 0, "somebody writes it"
        child.send_signal(signal.SIGKILL)
        child.wait()
    left_behind(tmp_path, OTHER, frames=0)
    assert shelf.mend(tmp_path) == 3
    assert names(tmp_path) == [f"{name}.wav", f"{shelf.name(OTHER, 0.0)}.jsonl"]
    with wave.open(str(tmp_path / f"{name}.wav")) as read:
        assert read.getnframes() == 4001


def test_a_call_is_forgotten_with_all_it_has_and_no_other(tmp_path: Path) -> None:
    left_behind(tmp_path, CALL, began=1.0)
    other = left_behind(tmp_path, OTHER)
    shelf.mend(tmp_path)
    growing = Wav(tmp_path / f"{shelf.name(CALL, 2.0)}.wav.part")
    assert shelf.forget(tmp_path, [CALL, "CA" + "3" * 32]) == 3
    assert names(tmp_path) == [f"{other}.jsonl", f"{other}.wav"]
    growing.close()
    assert shelf.forget(tmp_path / "nowhere", [CALL]) == 0


def test_what_is_too_old_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    old, new = left_behind(tmp_path, CALL), left_behind(tmp_path, OTHER)
    (tmp_path / "notes.wav").touch()
    now = time.time()
    for file in (*tmp_path.glob(f"{old}*"), tmp_path / "notes.wav"):
        os.utime(file, (now - 3 * 86400, now - 3 * 86400))
    assert shelf.expire(tmp_path, 3, now=now) == 2
    assert names(tmp_path) == [f"{new}.jsonl.part", f"{new}.wav.part", "notes.wav"]
    assert shelf.expire(tmp_path, 0, now=now + 1) == 2
