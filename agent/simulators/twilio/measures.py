"""What a call was like at the caller's ear. All moments in seconds since the call was placed.

t0 is the last sample of speech in the caller's own recording, te the first sample above
−50 dBFS that leaves the playout buffer; voice-to-voice is te less t0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from agent.simulators.twilio.conference import Meeting
from agent.simulators.twilio.earpiece import Earpiece, Sound
from agent.simulators.twilio.mouth import Utterance
from agent.simulators.twilio.notices import Notice

SILENT = 0.2
"""Seconds without a sound after which the agent counts as silent."""
GAP = 0.06
"""Seconds of silence inside an utterance that a listener notices."""
UTTERANCE = 1.2
"""Seconds of silence that end an utterance: what follows is another one, not a gap."""
HOLD = 0.5
"""Seconds after the caller's speech in which a pause may be the agent's deliberate one."""


@dataclass(frozen=True, slots=True)
class Turn:
    said: str
    """The recording's name."""
    transcript: str
    began: float
    ended: float
    """t0."""
    wants_answer: bool
    answered: float | None = None
    """te: where the agent began to speak after t0."""
    voice_to_voice: float | None = None
    interrupted: bool = False
    """The agent was speaking when the caller began."""
    silenced: float | None = None
    """Seconds from the caller's first sample of speech to the agent's silence."""
    resumed: bool = False
    """It went on while the caller was still speaking."""
    early: bool = False
    """The agent began to speak in the middle of what the caller said."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence inside an utterance for which the playout buffer had run dry."""

    start: float
    seconds: float
    during_speech: bool
    """The caller spoke then: it may be a deliberate pause."""


@dataclass(frozen=True, slots=True)
class Span:
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class MarkReport:
    name: str
    received: float
    echoed: float | None
    cleared: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """A webhook and its answer."""

    url: str
    at: float
    seconds: float
    status: int
    """0: no answer."""
    body: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class StreamReport:
    stream_sid: str
    url: str
    accepted: float | None
    """None: the agent never took the websocket."""
    started: float | None
    first_message: float | None
    closed: float | None
    close_code: int | None
    ended_by: str
    """`agent`, `twilio`, `lost` (cut without a close frame) or `refused`."""
    status: int = 101
    """HTTP status of the handshake."""
    packets: int = 0
    messages: int = 0
    """Taken from the agent."""
    refused: int = 0
    """Messages of the agent that Twilio ignores."""


@dataclass(frozen=True, slots=True)
class CallReport:
    call_sid: str
    ended_by: str
    """`caller`, `agent`, `rest`, `failure`."""
    failure: str
    """Why the caller's script could not be followed; empty: it was."""
    seconds: float
    ready: float | None
    """From the websocket being accepted to the agent's first message."""
    greeting: float | None
    """From `start` to the first audible sample."""
    turns: tuple[Turn, ...]
    gaps: tuple[Gap, ...]
    spans: tuple[Span, ...]
    """When the agent was heard."""
    marks: tuple[MarkReport, ...]
    clears: tuple[float, ...]
    most_buffered: float
    """Most seconds of the agent's speech that ever waited to be played."""
    packets: int
    late: int
    """Packets that this simulator itself sent more than 20 ms after their slot."""
    streams: tuple[StreamReport, ...]
    warnings: tuple[Notice, ...]
    webhooks: tuple[Exchange, ...]
    spoken: tuple[str, ...] = ()
    """Texts of `<Say>`."""
    dialled: tuple[tuple[str, str], ...] = ()
    recording: Path | None = None
    pressed: tuple[str, ...] = ()
    """Keys of the caller, in order."""
    meetings: tuple[Meeting, ...] = ()
    """Conferences that the caller was in."""

    def json(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_INDENT_2, default=str)


def spans(sounds: Sequence[Sound], pause: float = SILENT) -> list[Span]:
    """Sounds with less than `pause` between them are one."""
    found: list[Span] = []
    for sound in sounds:
        if found and sound.start - found[-1].end < pause:
            found[-1] = Span(found[-1].start, sound.end)
        else:
            found.append(Span(sound.start, sound.end))
    return found


def turns(said: Sequence[Utterance], ear: Earpiece, *, zero: float) -> tuple[Turn, ...]:
    """One for each utterance; an answer that came after the next one began is the next one's."""
    heard = spans(ear.sounds)
    started = [(one, one.began, one.ended) for one in said]
    found = []
    for index, (one, began, ended) in enumerate(started):
        if began is None or ended is None:
            continue
        following = started[index + 1][1] if index + 1 < len(started) else None
        until = float("inf") if following is None else following
        found.append(_turn(one, began=began, ended=ended, until=until, heard=heard, zero=zero))
    return tuple(found)


def _turn(
    one: Utterance,
    *,
    began: float,
    ended: float,
    until: float,
    heard: list[Span],
    zero: float,
) -> Turn:
    cut = next((span for span in heard if span.start < began < span.end), None)
    inside = any(began <= span.start < ended for span in heard)
    answer = next((span.start for span in heard if ended <= span.start < until), None)
    return Turn(
        one.clip.name,
        one.clip.transcript,
        began - zero,
        ended - zero,
        one.wants_answer,
        answered=None if answer is None else answer - zero,
        voice_to_voice=None if answer is None else answer - ended,
        interrupted=cut is not None,
        silenced=None if cut is None else cut.end - began,
        resumed=cut is not None and inside,
        early=cut is None and inside,
    )


def gaps(ear: Earpiece, said: Sequence[Utterance], *, zero: float) -> tuple[Gap, ...]:
    spoken = [
        (one.began, one.ended, one.wants_answer)
        for one in said
        if one.began is not None and one.ended is not None
    ]
    found = []
    for before, after in zip(ear.sounds, ear.sounds[1:], strict=False):
        start, end = before.end, after.start
        if not GAP < end - start <= UTTERANCE or not _ran_dry(ear, start, end):
            continue
        if any(wants and start <= ended <= end for _, ended, wants in spoken):
            continue  # what follows is a reply
        during = any(began <= end and ended >= start - HOLD for began, ended, _ in spoken)
        found.append(Gap(start - zero, end - start, during))
    return tuple(found)


def _ran_dry(ear: Earpiece, start: float, end: float) -> bool:
    """By itself, not because the agent emptied the buffer."""
    dry = any(empty < end and filled > start for empty, filled in ear.droughts)
    return dry and not any(start - SILENT <= clear <= end for clear in ear.clears)


def marks(ear: Earpiece, *, zero: float) -> tuple[MarkReport, ...]:
    return tuple(
        MarkReport(
            mark.name,
            mark.received - zero,
            None if mark.echoed is None else mark.echoed - zero,
            mark.cleared,
        )
        for mark in ear.marks
    )
