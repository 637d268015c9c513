"""A folder is read once as long as nothing in it changes."""

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge.edition import Content, Problem, decode, encode, fingerprint, gather, version
from knowledge.ingest import ingest, shipped
from knowledge.kept import UNUSED, Kept
from tests.knowledge.examples import TODAY

ENTRY = """---
id: hail
valid_until: {until}
en:
  question: Is hail covered?
  answer: {answer}
---
Body.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "sub").mkdir(parents=True)
    (folder / "hail.md").write_text(ENTRY.format(until="2026-06-01", answer="Yes."))
    (folder / "sub/guide.md").write_text("# Guide\n\nText of the guide.\n")
    (folder / "broken.md").write_text("---\nid: x\n---\n")
    return folder


def later() -> float:
    return time.time() + 60.0


def test_a_copy_says_what_the_files_say(folder: Path) -> None:
    for place in (folder, shipped()):
        content = ingest(place, TODAY)
        assert decode(encode(content)) == content
    with pytest.raises(ValueError, match="not a copy"):
        decode(b"{}")


class Reading:
    """Counts the files that are read in earnest."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder = folder
        self.kept = Kept(place)
        self.files: list[str] = []

    def content(self, today: date = TODAY, clock: Callable[[], float] = later) -> Content:
        def told(name: str, _done: int, _of: int) -> None:
            self.files.append(name)

        return gather(self.folder, today, kept=self.kept, progress=told, clock=clock)


def test_unchanged_files_are_not_read_again(folder: Path, tmp_path: Path) -> None:
    reading = Reading(folder, tmp_path / "kept")
    first = reading.content()
    assert reading.content() == first
    assert sorted(reading.files) == ["broken.md", "hail.md", "sub/guide.md"]
    (folder / "hail.md").write_text(ENTRY.format(until="2026-06-01", answer="No!!"))
    changed = reading.content()
    assert changed.entries[0].wordings["en"].answer == "No!!"
    assert version(changed) != version(first)
    assert reading.content(date(2026, 6, 2)).entries == ()
    assert len(reading.files) == 9


def test_files_that_changed_a_moment_ago_are_read_again(folder: Path, tmp_path: Path) -> None:
    reading = Reading(folder, tmp_path / "kept")
    newest = fingerprint(folder).newest
    for _ in range(2):
        reading.content(clock=lambda: newest + 0.1)
    assert len(reading.files) == 6


def test_a_damaged_copy_is_made_anew(folder: Path, tmp_path: Path) -> None:
    reading = Reading(folder, tmp_path / "kept")
    first = reading.content()
    for file in (tmp_path / "kept").iterdir():
        file.write_bytes(b"nonsense")
    assert reading.content() == first
    assert len(reading.files) == 6


def test_a_folder_that_takes_no_copies_is_read_each_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    kept = Kept(tmp_path / "kept")
    assert gather(folder, TODAY, kept=kept, clock=later).problems == (
        Problem("broken.md", 2, "no language; expected `en:` with question and answer"),
    )


def test_the_fingerprint_sees_names_sizes_and_times(folder: Path) -> None:
    seen = {fingerprint(folder).text}
    (folder / "sub/guide.md").rename(folder / "sub/other.md")
    seen.add(fingerprint(folder).text)
    (folder / "hail.md").write_text("longer than before " * 20)
    seen.add(fingerprint(folder).text)
    (folder / "sub/other.md").unlink()
    seen.add(fingerprint(folder).text)
    assert len(seen) == 4
    assert fingerprint(folder) == fingerprint(folder)
    assert fingerprint(folder / "nowhere").text


def test_results_that_nobody_asks_for_go(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.put("old", b"1")
    kept.put("new", b"2")
    past = time.time() - UNUSED - 1
    os.utime(tmp_path / "old", (past, past))
    kept.tidy()
    assert (kept.get("old"), kept.get("new")) == (None, b"2")
