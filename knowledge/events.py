"""What happened, as frozen records; watch, journal and page subscribe.

`Emit` neither blocks nor raises; whoever receives an event keeps it or drops it. No event carries
a caller's words: those live on the turn record, which only its own owner writes.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    call: str
    """The CallSid, or "" where something happened outside of any call."""


@dataclass(frozen=True, slots=True)
class Decided(Event):
    """The router chose who answers a turn."""

    ticket_id: str
    route: str
    confidence: float
    """Probability in [0, 1] that the best entry's answer is right."""
    entry: str
    department: str
    language: str
    seconds: float
    calibrated: bool = True
    """Whether the confidence was calibrated on this department's own outcomes."""
    cached: str = ""
    """Where the decision was found: own (this process), shared (Redis), or "" where it was made."""
    arm: str = ""
    """Of the experiment that the call takes part in, as `experiment:arm`."""
    leaning: bool = False
    """The turn leant on what was said before: its confidence says nothing about the threshold."""
    differing: bool = False
    """By a rule the turn was another question than the entry's: nor does this one's."""
    sources: tuple[str, ...] = ()
    """Entries and documents that the answer, or the model's passages, were taken from."""
    band: str = ""
    """High, Medium or Low, as the two thresholds cut the confidence."""


@dataclass(frozen=True, slots=True)
class Learned(Event):
    """What came of a decision: said by a system behind, or by the caller in a survey."""

    ticket_id: str
    actual_outcome: str = ""
    """The department, or the route, that it should have been; "" where that is not known."""
    resolution_time_hours: float | None = None
    customer_satisfaction: float | None = None
    """From 1 to 5."""


@dataclass(frozen=True, slots=True)
class Transferred(Event):
    """A caller was to be put through to a colleague."""

    department: str
    outcome: str
    """joined, busy, no_answer, failed, closed (after hours), nobody (no number), cancelled."""
    seconds: float


@dataclass(frozen=True, slots=True)
class CallBack(Event):
    """The caller wants to be called back; Twilio's record of the call has the number."""

    department: str


@dataclass(frozen=True, slots=True)
class Consent(Event):
    """What the caller said to being recorded."""

    answer: str
    """given; refused, before anything was kept; withdrawn, and what there was is deleted; or
    unanswered: the caller was asked and said something else."""


@dataclass(frozen=True, slots=True)
class RecordingBegan(Event):
    """From here on the call is recorded."""


@dataclass(frozen=True, slots=True)
class Recorded(Event):
    """A recording ended, with the call or before it."""

    outcome: str
    """kept; deleted (the caller does not want it); disk (full, or away); slow (the disk does not
    keep up)."""
    seconds: float
    """What lies on the disk."""
    silenced: float
    """Of these, where the caller's leg is silent although something was said."""


@dataclass(frozen=True, slots=True)
class ToolUsed(Event):
    """The model asked a system behind for something."""

    tool: str
    outcome: str
    """done; nothing (no such record, or no match); asked (the caller, for a yes or for more),
    declined, unanswered (no clear yes); refused (no such tool now, or unusable arguments);
    cancelled (by the caller's words); or the fault's kind, exhausted while the breaker is open."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Collected(Event):
    """A number was asked of the caller; nothing of it stands here."""

    kind: str
    """policy, phone, birth, date, or as `numbers` of agent.yaml names it."""
    by: str
    """keys, speech, or "" where nothing came."""
    outcome: str
    """confirmed; given_up (a person takes over); left (for something else, or by the end of the
    call, or the model had it already); late."""
    corrections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Adjusted(Event):
    """A threshold was changed, or changed back."""

    department: str
    before: float
    after: float
    why: str
    """learned, experiment, rolled_back, admin."""


@dataclass(frozen=True, slots=True)
class Judged(Event):
    """How often a department's answers were right, by the outcomes that are known."""

    department: str
    outcomes: int
    rate: float
    low: float
    """One-sided lower bound of the rate, 95 %."""
    threshold: float
    """The answer threshold in force."""


@dataclass(frozen=True, slots=True)
class Drifted(Event):
    """What is measured lately differs from what was promised."""

    what: str
    """confidence, accuracy."""
    department: str
    value: float


@dataclass(frozen=True, slots=True)
class Acknowledged(Event):
    """The journal has something on disk or in Redis that it will not lose."""

    where: str
    """redis, file."""


@dataclass(frozen=True, slots=True)
class Unacknowledged(Event):
    """The journal could not take something in: it was answered, and is not acknowledged."""

    why: str


@dataclass(frozen=True, slots=True)
class Switched(Event):
    """A provider failed and the next one was asked, for the same turn."""

    service: str
    """ears, model, voice, knowledge, translator, memory; of what workers share in Redis: decisions,
    readings, limits, tokens, callers; journal."""
    provider: str
    """The one that failed."""
    fault: str


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """A provider is left alone from now on: its breaker is open."""

    service: str
    provider: str
    fault: str
    where: str
    """here, where this process has found out; elsewhere, where another worker has."""


@dataclass(frozen=True, slots=True)
class Closed(Event):
    """A provider is asked again."""

    service: str
    provider: str
    seconds: float
    """For which it was left alone."""


@dataclass(frozen=True, slots=True)
class Guarded(Event):
    """The model was about to say what nobody is to hear."""

    what: str
    """instructions."""


@dataclass(frozen=True, slots=True)
class Waited(Event):
    """Time spent waiting for something shared, such as the recogniser's queue."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """A provider's first event of a turn: its time to first byte as the caller's turn felt it."""

    service: str
    provider: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Used(Event):
    """A provider counted, and bills, what was read and written for one request, in tokens."""

    service: str
    """model, translator."""
    provider: str
    model: str
    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Quota(Event):
    """What a provider said is left of a limit, until the limit begins anew."""

    provider: str
    what: str
    """requests, tokens."""
    left: float


@dataclass(frozen=True, slots=True)
class Billed(Event):
    """What a call has cost by list prices, told at its end."""

    usd: float


@dataclass(frozen=True, slots=True)
class Late(Event):
    """An outbound message left more than 20 ms after its slot."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Malformed(Event):
    """The line received something it could not use, and went on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Flooded(Event):
    """The line received more than anybody says, and dropped what was too much."""

    messages: int


@dataclass(frozen=True, slots=True)
class Wished(Event):
    """The caller asked for something about the call itself: a person, a repetition, the end."""

    wish: str


@dataclass(frozen=True, slots=True)
class Turn(Event):
    """One exchange, when its answer was heard, interrupted or given up. Durations in seconds."""

    number: int
    language: str
    route: str
    confidence: float
    entry: str
    ticket_id: str
    agent: str
    """Hash of the agent.yaml that it was answered with."""
    interrupted: bool
    backchannels: int
    decision: float
    """From the last voiced sound to our end-of-turn decision."""
    routing: float
    """The router's own time."""
    text: float
    """From the decision to the answer's first sentence."""
    audio: float
    """From the decision to its first audio."""
    answer: float
    """From the decision to its first message on the line; 0.0 where nothing was spoken."""
    switched: tuple[str, ...] = ()
    """Who failed on the way, as `service:provider:fault`, in order."""

    @property
    def voice_to_voice(self) -> float:
        return self.decision + self.answer


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """A call that came in did not get to the agent."""

    why: str
    """full (no place in the fleet), often (its caller called too often), people (all calls go to
    people now)."""


@dataclass(frozen=True, slots=True)
class Began(Event):
    resumed: bool
    caller: str = ""
    """HMAC of the number, for the journal alone; "" where it was withheld."""


@dataclass(frozen=True, slots=True)
class TakenOver(Event):
    """A call that no worker looked after was found."""

    outcome: str
    """asked (Twilio, for a stream), person (it was asked too often), gone (the caller was)."""


FINAL = frozenset({"hung_up", "goodbye", "idle", "too_long", "dismissed", "transferred"})
"""Outcomes after which no other stream of the call is to be expected."""


@dataclass(frozen=True, slots=True)
class Gone(Event):
    """The call itself is over, as Twilio says, and this process had no stream of it. Its record has
    this outcome where no stream has told a final one."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Ended(Event):
    outcome: str
    """Exactly one per stream. By the caller: hung_up. By the agent: goodbye, idle, too_long,
    transferred. By whoever looks after it: dismissed (through the API), moved (to another worker).
    By Twilio, which says what we could not and then opens the next stream: relayed.
    By neither: lost (the connection), superseded (by a newer one), stopped (the process), failed.
    """
    seconds: float


@dataclass(frozen=True, slots=True)
class Forgotten(Event):
    """What calls have left was erased: because somebody asked, or because its time was up."""

    by: str
    """The role that asked, command for the command line, retention."""
    calls: int
    rows: int
    """Of the journal."""


Emit = Callable[[Event], None]


def nowhere(_event: Event) -> None:
    """An `Emit` for whoever does not care."""


def everybody(*subscribers: Emit) -> Emit:
    """One `Emit` for several, in this order."""

    def emit(event: Event) -> None:
        for subscriber in subscribers:
            subscriber(event)

    return emit
