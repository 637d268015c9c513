"""The caller's mouth: one packet every 20 ms, from recordings, with what a real line adds."""

import audioop
import itertools
import math
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from agent.simulators.twilio.clip import SILENCE, SLOT, Clip, Packet, packet, packets
from agent.simulators.twilio.earpiece import Earpiece

TYPICAL_LEVEL = 1640.0
"""RMS of telephone speech at −26 dBFS, where no recording tells a better one."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Heard behind the caller for the whole call, in a loop."""

    clip: Clip
    snr: float = 15.0
    """Decibels that the caller's speech is louder."""


@dataclass(frozen=True, slots=True)
class Echo:
    """The agent's own voice, back through the caller's microphone."""

    decibels: float = -20.0
    delay: float = 0.15
    """Seconds; 0.08 to 0.3 are usual."""


@dataclass(frozen=True, slots=True)
class Network:
    """Between the caller and the agent; order is kept, as it is on a TCP connection."""

    delay: float = 0.0
    jitter: float = 0.0
    """Up to so many seconds more, drawn for each packet."""
    loss_every: float = 0.0
    """Mean seconds between bursts of loss before Twilio's edge; 0: nothing is lost."""
    loss_burst: float = 0.1
    """Seconds of speech that a burst takes."""
    seed: int = 1


@dataclass(slots=True)
class Utterance:
    """What the caller said, by the monotonic clock; None until it was begun."""

    clip: Clip
    wants_answer: bool
    placed: float | None = None
    """When the recording's first sample was spoken."""

    @property
    def began(self) -> float | None:
        """First sample of speech."""
        return None if self.placed is None else self.placed + self.clip.bounds[0]

    @property
    def ended(self) -> float | None:
        """Last sample of speech: t0 of every latency."""
        return None if self.placed is None else self.placed + self.clip.bounds[1]


class Mouth:
    def __init__(
        self,
        ear: Earpiece,
        *,
        noise: Noise | None = None,
        echo: Echo | None = None,
        keep: bool = False,
    ) -> None:
        """`keep`: remember every packet, for a recording."""
        self.said: list[Utterance] = []
        self.spoken: list[tuple[float, bytes]] = []
        """(start, mu-law) of each packet that is not plain silence."""
        self._ear = ear
        self._echo = echo
        self._keep = keep
        self._noise = noise
        self._bed: bytes = b""
        self._bed_at = 0
        self._bed_packets: Iterator[Packet] | None = None
        self._waiting: deque[Utterance] = deque()
        self._rest: Iterator[Packet] = iter(())

    def level_noise(self, clips: list[Clip]) -> None:
        """Sets the noise against the speech that this caller is going to use."""
        if self._noise is None or not self._noise.clip.level:
            return
        levels = sorted(clip.level for clip in clips if clip.level)
        speech = levels[len(levels) // 2] if levels else TYPICAL_LEVEL
        gain = speech / 10 ** (self._noise.snr / 20) / self._noise.clip.level
        whole = len(self._noise.clip.pcm) // 320 * 320
        self._bed = audioop.mul(self._noise.clip.pcm[:whole], 2, gain)
        self._bed_packets = itertools.cycle(packets(self._bed)) if self._bed else None

    def say(self, clip: Clip, *, wants_answer: bool = True) -> Utterance:
        """Begins with the next packet, or when what is being said is over."""
        utterance = Utterance(clip, wants_answer)
        self._waiting.append(utterance)
        return utterance

    def fall_silent(self) -> None:
        """In mid-word if need be."""
        self._waiting.clear()
        self._rest = iter(())

    def speak(self, slot: float) -> Packet:
        """What was spoken in the 20 ms before `slot`."""
        at = slot - SLOT
        out = next(self._rest, None)
        if out is None and self._waiting:
            out = self._begin(self._waiting.popleft(), at)
        bed = None if self._bed_packets is None else next(self._bed_packets)
        if bed is not None:
            self._bed_at = (self._bed_at + 320) % len(self._bed)
        out = out or bed or SILENCE
        if self._echo is not None:
            out = self._echoed(out, at, self._echo)
        if self._keep and out is not SILENCE:
            self.spoken.append((at, out.mulaw))
        return out

    def _begin(self, utterance: Utterance, at: float) -> Packet:
        utterance.placed = at
        self.said.append(utterance)
        clip = utterance.clip
        self._rest = iter(packets(self._over_bed(clip.pcm)) if self._bed else clip.packets)
        return next(self._rest, SILENCE)

    def _over_bed(self, pcm: bytes) -> bytes:
        """Mixed at the point that the noise has reached, so that it goes on seamlessly."""
        pcm += bytes(-len(pcm) % 320)
        turned = self._bed[self._bed_at :] + self._bed[: self._bed_at]
        bed = (turned * math.ceil(len(pcm) / len(turned)))[: len(pcm)]
        return audioop.add(pcm, bed, 2)

    def _echoed(self, out: Packet, at: float, echo: Echo) -> Packet:
        back = self._ear.between(at - echo.delay, 160)
        if len(back) < 160:
            back = back + b"\xff" * (160 - len(back))
        if back == SILENCE.mulaw:
            return out
        quiet = audioop.mul(audioop.ulaw2lin(back, 2), 2, 10 ** (echo.decibels / 20))
        mixed = audioop.add(audioop.ulaw2lin(out.mulaw, 2), quiet, 2)
        return packet(audioop.lin2ulaw(mixed, 2))


class Path:
    """The way of the packets: late, in bursts, or lost."""

    def __init__(self, network: Network) -> None:
        self._network = network
        # Reproducible faults, nothing to keep secret.
        self._random = random.Random(network.seed)  # noqa: S311
        self._way: deque[tuple[float, float, Packet]] = deque()
        self._arrives = 0.0
        self._lost_until = -1.0
        self.lost = 0

    def carry(self, slot: float, out: Packet) -> list[tuple[float, Packet]]:
        """Takes the packet of `slot`, gives those that arrive by then with their own slots."""
        network = self._network
        if self._is_lost(slot):
            self.lost += 1
        else:
            late = network.delay + self._random.random() * network.jitter
            self._arrives = max(self._arrives, slot + late)
            self._way.append((self._arrives, slot, out))
        arrived = []
        while self._way and self._way[0][0] <= slot + 0.001:
            _, sent, packet_ = self._way.popleft()
            arrived.append((sent, packet_))
        return arrived

    def _is_lost(self, slot: float) -> bool:
        network = self._network
        if network.loss_every <= 0:
            return False
        if slot >= self._lost_until and self._random.random() < SLOT / network.loss_every:
            self._lost_until = slot + network.loss_burst
        return slot < self._lost_until
