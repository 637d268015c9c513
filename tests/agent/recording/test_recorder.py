"""One call's recording: from the taps on the line to the disk."""

import asyncio
import audioop
import os
import resource
import threading
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from agent.doctor import examine
from agent.recording import shelf
from agent.recording.recorder import Recorder
from agent.recording.studio import Studio, checks, opened
from agent.settings import Settings, SettingsError, load
from knowledge.events import Decided, Event, Recorded, RecordingBegan, Switched
from tests.eventually import until

CALL = "CA" + "1" * 32
PACKET = 160
RATE = 8000
VOICE = audioop.tomono(b"\x00\x20\x00\x20" * PACKET, 2, 1, 0)
Leg = NDArray[np.int16]
TONE = audioop.lin2ulaw(b"\x00\x10" * PACKET, 2)


@dataclass
class Clock:
    now: float

    def __call__(self) -> float:
        return self.now


@dataclass
class Booth:
    """A recorder with a line's clock."""

    studio: Studio
    recorder: Recorder
    clock: Clock
    events: list[Event] = field(default_factory=list)

    def talk(self, seconds: float) -> None:
        for _ in range(round(seconds * RATE / PACKET)):
            self.clock.now += PACKET / RATE
            self.recorder.heard(VOICE)

    def ended(self) -> list[Recorded]:
        return [event for event in self.events if isinstance(event, Recorded)]

    def files(self) -> list[str]:
        return sorted(file.name for file in self.studio.folder.iterdir())


@asynccontextmanager
async def booth(folder: Path) -> AsyncIterator[Booth]:
    events: list[Event] = []
    async with opened(Settings(recording="on", recording_dir=folder), events.append) as studio:
        clock = Clock(1000.0)
        yield Booth(studio, Recorder(CALL, studio, clock=clock), clock, events)


def legs(folder: Path) -> tuple[Leg, Leg]:
    (path,) = folder.glob("*.wav")
    with wave.open(str(path)) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (2, 2, RATE)
        stereo = np.frombuffer(read.readframes(read.getnframes()), "<i2").reshape(-1, 2)
    return stereo[:, 0], stereo[:, 1]


def lines(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("*.jsonl")
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


async def test_the_caller_is_left_and_the_agent_right_each_where_the_caller_heard_it(
    tmp_path: Path,
) -> None:
    async with booth(tmp_path) as one:
        one.recorder.begin()
        one.talk(1.0)
        one.recorder.sent(TONE, one.clock.now + 0.1)
        one.talk(1.0)
        one.recorder.understood((RATE, 2 * RATE), masked=False, numbers=False)
        await one.recorder.close()
        assert one.ended() == [Recorded(CALL, "kept", 2.0, 0.0)]
    left, right = legs(tmp_path)
    assert len(left) == 2 * RATE
    assert not left[:RATE].any()
    assert left[RATE:].all()
    (heard,) = np.nonzero(np.abs(right) > 100)
    assert abs(heard[0] - 1.1 * RATE) <= 0.02 * RATE
    assert heard[-1] - heard[0] + 1 == PACKET


async def test_late_packets_do_not_move_the_agent(tmp_path: Path) -> None:
    async with booth(tmp_path) as one:
        one.recorder.begin()
        one.clock.now += 0.7  # the first packets come late and all at once
        for _ in range(35):
            one.recorder.heard(VOICE)
        one.talk(1.3)
        one.recorder.sent(TONE, one.clock.now)
        one.talk(0.5)
        await one.recorder.close()
    _, right = legs(tmp_path)
    (heard,) = np.nonzero(np.abs(right) > 100)
    assert abs(heard[0] - 2.0 * RATE) <= 0.02 * RATE


async def test_masked_words_never_reach_the_disk_nor_what_no_words_were_made_of(
    tmp_path: Path,
) -> None:
    async with booth(tmp_path) as one:
        one.recorder.begin()
        one.talk(6.0)
        one.recorder.understood((0, 2 * RATE), masked=False, numbers=False)
        one.recorder.understood((2 * RATE, 4 * RATE), masked=True, numbers=False)
        await one.recorder.close()
        (ended,) = one.ended()
    assert ended.silenced == pytest.approx(2.6)
    left, _ = legs(tmp_path)
    assert left[: round(1.7 * RATE)].all()
    assert not left[round(1.7 * RATE) :].any(), "the ears have failed after the fourth second"


async def test_before_it_begins_and_after_it_was_refused_nothing_is_on_the_disk(
    tmp_path: Path,
) -> None:
    async with booth(tmp_path) as one:
        one.talk(5.0)
        assert one.files() == []
        one.recorder.begin()
        one.talk(50.0)
        await until(lambda: any(size > 100 for size in sizes(tmp_path)), within=5.0)
        one.recorder.discard()
        one.studio.refuse(CALL)
        await until(lambda: one.files() == [], within=5.0)
        one.talk(1.0)
        await one.recorder.close()
        assert [event.outcome for event in one.ended()] == ["deleted"]
        assert one.studio.allowed(CALL) is False
    assert one.files() == []


def sizes(folder: Path) -> list[int]:
    return [file.stat().st_size for file in folder.glob("*.wav*")]


async def test_only_what_is_decided_is_readable_when_the_process_is_killed(tmp_path: Path) -> None:
    async with booth(tmp_path) as one:
        one.recorder.begin()
        one.talk(20.0)
        one.recorder.understood((0, 20 * RATE), masked=False, numbers=False)
        await until(lambda: sizes(tmp_path) == [44 + 4 * 10 * RATE], within=5.0)
        assert one.files() == [f"{shelf_name(one)}.jsonl.part", f"{shelf_name(one)}.wav.part"]


def shelf_name(one: Booth) -> str:
    return one.files()[0].split(".")[0]


async def test_the_loop_never_waits_for_a_disk_and_what_piles_up_ends_the_recording(
    tmp_path: Path,
) -> None:
    async with booth(tmp_path) as one:
        stuck = threading.Event()
        one.recorder.begin()
        one.studio.scribe.submit(lambda: stuck.wait(30.0) and None)
        one.talk(120.0)
        await until(lambda: bool(one.ended()))
        assert [event.outcome for event in one.ended()] == ["slow"]
        assert not one.recorder.on
        assert not stuck.is_set(), "the loop went on beside the disk"
        one.talk(1.0)
        stuck.set()
        await until(lambda: shelved(one))


async def test_the_end_of_a_call_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    async with booth(tmp_path) as one:
        stuck = threading.Event()
        one.recorder.begin()
        one.studio.scribe.submit(lambda: stuck.wait(30.0) and None)
        one.talk(1.0)
        async with asyncio.timeout(15.0):
            await one.recorder.close()
        assert [event.outcome for event in one.ended()] == ["slow"]
        stuck.set()
        await until(lambda: shelved(one))
        one.recorder.begin()
        await one.recorder.close()
        assert [event.outcome for event in one.ended()] == ["slow", "kept"]


def shelved(one: Booth) -> bool:
    return [Path(name).suffix for name in one.files()] == [".jsonl", ".wav"]


async def test_a_full_disk_ends_the_recording_and_what_it_has_is_kept(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with booth(tmp_path) as one:
        one.recorder.begin()
        one.talk(50.0)
        one.recorder.understood((0, 50 * RATE), masked=False, numbers=False)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
        try:
            await until(lambda: bool(one.ended()))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert [event.outcome for event in one.ended()] == ["disk"]
        assert not one.recorder.on
    left, _ = legs(tmp_path)
    assert left.size * 4 <= 400_000


async def test_events_stand_beside_it_with_their_times(tmp_path: Path) -> None:
    async with booth(tmp_path) as one:
        one.talk(1.0)
        one.recorder.begin()
        one.talk(2.0)
        one.studio.note(Switched(CALL, "ears", "deepgram", "cut"))
        one.studio.note(Decided("CA2", "T", "model", 0.1, "", "", "en", 0.1))
        one.recorder.pressed()
        one.recorder.cleared(one.clock.now)
        await one.recorder.close()
        assert one.events[0] == RecordingBegan(CALL)
    told = lines(tmp_path)
    assert [line["kind"] for line in told] == ["recording", "switched", "key", "clear"]
    assert [line["at"] for line in told] == [0.0, 2.0, 2.0, 2.0]
    assert told[1]["fields"]["provider"] == "deepgram"


async def test_what_is_too_old_goes_at_the_start(tmp_path: Path) -> None:
    old = tmp_path / f"{shelf.name('CA9', 0.0)}.wav"
    old.touch()
    os.utime(old, (0, 0))
    async with booth(tmp_path):
        await until(lambda: not old.exists(), within=5.0)


async def test_a_folder_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="RECORDING_DIR: expected a folder"):
        async with booth(tmp_path / "file"):
            pass


async def test_doctor_says_where_recordings_go_and_whether_they_can(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    rows = await examine(
        [
            *checks(Settings()),
            *checks(Settings(recording="on", data_dir=tmp_path)),
            *checks(Settings(recording="consent", recording_dir=tmp_path / "file")),
        ]
    )
    assert [(row.used, row.why, row.answers) for row in rows] == [
        ("nothing", "RECORDING is off", None),
        ("DATA_DIR/recordings", "RECORDING is on", True),
        ("RECORDING_DIR", "RECORDING is consent", False),
    ]


def test_recording_needs_days_to_be_kept() -> None:
    with pytest.raises(SettingsError, match="RETENTION_DAYS: expected at least 1"):
        load({"RECORDING": "on", "RETENTION_DAYS": "0"}, None)
