"""The caller's clips and packets: bounds of speech, noise, echo, network."""

import audioop
import itertools
import wave
from pathlib import Path as FilePath

import pytest

from agent.simulators.twilio import Clip, Echo, Network, Noise, Unreadable
from agent.simulators.twilio.clip import SILENCE, packet, to_8k
from agent.simulators.twilio.earpiece import Earpiece
from agent.simulators.twilio.mouth import Mouth, Path
from tests.agent.simulators.reference import mulaw, question, tone


def written(path: FilePath, pcm: bytes, *, rate: int = 8000, channels: int = 1) -> FilePath:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return path


def speak(mouth: Mouth, packets: int, *, start: float = 0.02) -> list[bytes]:
    return [mouth.speak(start + n * 0.02).mulaw for n in range(packets)]


def test_speech_begins_and_ends_where_it_is_loud() -> None:
    clip = Clip("c", bytes(1600) + tone(0.5) + bytes(8000))
    assert clip.bounds == (pytest.approx(0.1, abs=0.01), pytest.approx(0.6, abs=0.01))


def test_a_noisy_recording_ends_where_its_speech_ends() -> None:
    hiss = tone(3.0, hertz=900, amplitude=200)
    speech = tone(1.0, amplitude=9000)
    clip = Clip("c", audioop.add(hiss, bytes(16000) + speech + bytes(16000), 2))
    assert clip.bounds == (pytest.approx(1.0, abs=0.02), pytest.approx(2.0, abs=0.02))


def test_a_silent_clip_counts_as_a_whole() -> None:
    assert Clip("c", bytes(1600)).bounds == (0.0, 0.1)


def test_a_label_outweighs_the_measured_bounds() -> None:
    assert Clip("c", tone(1.0), speech=(0.2, 0.4)).bounds == (0.2, 0.4)


def test_trimmed_leaves_the_speech() -> None:
    clip = Clip("c", bytes(1600) + tone(0.5) + bytes(8000)).trimmed()
    assert clip.seconds == pytest.approx(0.5, abs=0.02)


def test_reads_stereo_at_another_rate(tmp_path: FilePath) -> None:
    stereo = audioop.tostereo(tone(0.5), 2, 1, 1)
    clip = Clip.read(written(tmp_path / "a.wav", stereo, rate=16000, channels=2))
    assert (clip.name, clip.seconds) == ("a", pytest.approx(0.25))


def test_resampling_keeps_a_voice_and_drops_what_would_alias() -> None:
    low = audioop.rms(to_8k(tone(1.0, hertz=150), 24000), 2)
    high = audioop.rms(to_8k(tone(1.0, hertz=2500), 24000), 2)
    assert low == pytest.approx(5657, rel=0.05)
    assert high < 100


def test_a_file_that_is_no_wav_is_named(tmp_path: FilePath) -> None:
    (tmp_path / "no.wav").write_bytes(b"hello")
    with pytest.raises(Unreadable, match=r"no\.wav"):
        Clip.read(tmp_path / "no.wav")


def test_says_the_clip_packet_by_packet_and_then_silence() -> None:
    mouth = Mouth(Earpiece())
    clip = question(0.04)
    said = mouth.say(clip)
    assert speak(mouth, 3) == [*(one.mulaw for one in clip.packets), SILENCE.mulaw]
    assert (said.began, said.ended) == (pytest.approx(0.0), pytest.approx(0.04))


def test_a_second_clip_follows_the_first() -> None:
    mouth = Mouth(Earpiece())
    mouth.say(question(0.04))
    second = mouth.say(question(0.02))
    speak(mouth, 4)
    assert second.placed == pytest.approx(0.04)


def test_noise_lies_below_the_speech_by_the_ratio_asked_for() -> None:
    clip, hum = question(0.4), Clip("hum", tone(0.5, hertz=50, amplitude=1234))
    mouth = Mouth(Earpiece(), noise=Noise(hum, snr=20.0))
    mouth.level_noise([clip])
    quiet = audioop.rms(audioop.ulaw2lin(b"".join(speak(mouth, 25)), 2), 2)
    assert quiet == pytest.approx(clip.level / 10, rel=0.1)
    mouth.say(clip)
    loud = audioop.rms(audioop.ulaw2lin(b"".join(speak(mouth, 20)), 2), 2)
    assert loud == pytest.approx(clip.level, rel=0.1)


def test_the_noise_goes_on_through_the_speech_without_a_jump() -> None:
    hum = Clip("hum", tone(0.1, hertz=10, amplitude=3000))
    mouth = Mouth(Earpiece(), noise=Noise(hum, snr=0.0))
    mouth.level_noise([])
    before = speak(mouth, 7)
    mouth.say(Clip("nothing", bytes(640)))
    within = speak(mouth, 2)
    bed = list(itertools.islice(itertools.cycle(before[:5]), 9))
    assert before + within == bed


def test_the_agents_voice_comes_back_late_and_quiet() -> None:
    ear = Earpiece()
    ear.receive(mulaw(tone(0.2)), 1.0)
    ear.advance(2.0)
    mouth = Mouth(ear, echo=Echo(decibels=-20.0, delay=0.1))
    assert mouth.speak(1.1) == SILENCE
    back = audioop.ulaw2lin(mouth.speak(1.2).mulaw, 2)
    assert audioop.rms(back, 2) == pytest.approx(565, rel=0.1)


def test_a_packet_is_late_by_the_delay_and_in_order() -> None:
    path = Path(Network(delay=0.05, jitter=0.05, seed=3))
    arrived = []
    for n in range(100):
        slot = n * 0.02
        arrived += [(slot, sent) for sent, _ in path.carry(slot, SILENCE)]
    assert [sent for _, sent in arrived] == sorted(sent for _, sent in arrived)
    delays = [slot - sent for slot, sent in arrived]
    assert min(delays) >= 0.049
    assert max(delays) <= 0.121


def test_a_burst_of_loss_takes_packets_in_a_row() -> None:
    path = Path(Network(loss_every=1.0, loss_burst=0.1, seed=2))
    kept = {sent for n in range(1000) for sent, _ in path.carry(n * 0.02, packet(b"\xff" * 160))}
    flags = [n * 0.02 not in kept for n in range(1000)]
    assert path.lost == sum(flags)
    runs = [len(list(run)) for gone, run in itertools.groupby(flags) if gone]
    assert 8 <= len(runs) <= 40
    assert min(runs) >= 5
