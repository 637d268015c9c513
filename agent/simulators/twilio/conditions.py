"""The circumstances of a simulated call."""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from agent.simulators.twilio.mouth import Echo, Network, Noise


class OnDrop(StrEnum):
    """What follows when the media socket is lost without a close frame; Twilio's documents
    do not say."""

    ACTION = "action"
    """As after a proper close: the action, or the next verb."""
    NEXT = "next"
    """The next verb, even if there is an action."""
    END = "end"
    """The call."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """How a `<Dial>` comes out."""

    status: str = "completed"
    """`completed`, `busy`, `no-answer`, `failed`."""
    seconds: float = 0.2


@dataclass(frozen=True, slots=True)
class Conditions:
    caller: str = field(default_factory=lambda: f"+1500{secrets.randbelow(10**7):07}")
    """Each a number of their own, of no area."""
    called: str = "+15005550100"
    noise: Noise | None = None
    echo: Echo | None = None
    network: Network = field(default_factory=Network)
    webhook_copies: int = 1
    """How often each webhook is posted, at the same time; the last one's answer counts."""
    on_drop: OnDrop = OnDrop.ACTION
    dial: Dialled = field(default_factory=Dialled)
    say_rate: float = 15.0
    """Characters of a `<Say>` a second; 0: it takes no time."""
    longest: float = 600.0
    """Seconds after which Twilio ends the call."""
    status_callback: str = ""
    """Told when the call is over."""
    fallback: str = ""
    """Asked for TwiML where the voice webhook has none."""
    recording_dir: Path | None = None
    """Where the stereo WAV goes; None: nothing is recorded."""
