"""Speech on disk: whole files or none, never more bytes than allowed."""

import os
from pathlib import Path

import pytest

from processors.voice.archive import Archive, Full
from processors.voice.speech import Speech, packed

SPEECH = Speech(bytes(1000))
SIZE = len(packed(SPEECH))


def nobody(_name: str) -> bool:
    return False


def used(archive: Path, name: str, ago: float) -> None:
    """As if nobody had wanted it for so long."""
    when = (archive / name).stat().st_mtime - ago
    os.utime(archive / name, (when, when))


def test_what_was_written_is_read_by_anybody(tmp_path: Path) -> None:
    Archive(tmp_path / "speech").write("a", SPEECH, nobody)
    assert Archive(tmp_path / "speech").load("a") == SPEECH
    assert Archive(tmp_path / "speech").scan() == {"a"}


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "nowhere")
    assert archive.load("a") is None
    assert archive.scan() == frozenset()


def test_a_damaged_file_is_thrown_away(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.write("a", SPEECH, nobody)
    (tmp_path / "a").write_bytes(packed(SPEECH)[:-1])
    assert archive.load("a") is None
    assert archive.scan() == frozenset()


def test_the_longest_unused_makes_room(tmp_path: Path) -> None:
    archive = Archive(tmp_path, most=3 * SIZE)
    for name, ago in (("a", 10), ("b", 30), ("c", 20)):
        archive.write(name, SPEECH, nobody)
        used(tmp_path, name, ago)
    archive.load("b")
    archive.write("d", SPEECH, nobody)
    assert archive.scan() == {"a", "b", "d"}


def test_what_is_wanted_makes_room_for_nobody(tmp_path: Path) -> None:
    archive = Archive(tmp_path, most=2 * SIZE)
    archive.write("wanted", SPEECH, nobody)
    used(tmp_path, "wanted", 10)
    archive.write("old", SPEECH, nobody)
    archive.write("new", SPEECH, {"wanted", "new"}.__contains__)
    assert archive.scan() == {"wanted", "new"}
    with pytest.raises(Full):
        archive.write("more", SPEECH, {"wanted", "new"}.__contains__)
    assert archive.scan() == {"wanted", "new"}


def test_a_writer_that_died_leaves_nothing_for_ever(tmp_path: Path) -> None:
    (tmp_path / ".writing-x").write_bytes(b"half")
    Archive(tmp_path).scan()
    assert (tmp_path / ".writing-x").exists()
    used(tmp_path, ".writing-x", 7200)
    Archive(tmp_path).scan()
    assert not (tmp_path / ".writing-x").exists()


def test_memory_holds_the_latest_within_its_bound(tmp_path: Path) -> None:
    archive = Archive(tmp_path, memory=2500)
    for name in "abc":
        archive.remember(name, SPEECH)
    assert [archive.recall(name) is not None for name in "abc"] == [False, True, True]
    archive.recall("b")
    archive.remember("d", SPEECH)
    assert archive.recall("c") is None
    archive.remember("d", Speech(bytes(3000)))
    assert archive.recall("d") is None


async def test_one_process_fills_the_folder(tmp_path: Path) -> None:
    async with Archive(tmp_path).alone() as first, Archive(tmp_path).alone() as second:
        assert (first, second) == (True, False)
    async with Archive(tmp_path).alone() as third:
        assert third


async def test_a_folder_that_cannot_be_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    async with Archive(tmp_path / "file" / "speech").alone() as alone:
        assert not alone
