"""What a caller tells of a call when it is over. Moments by CLOCK_MONOTONIC, which all processes
of a machine share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from agent.simulators.twilio import CallReport
from tests.chaos.fleet.content import BUSY


@dataclass(frozen=True, slots=True)
class Asked:
    began: float
    ended: float
    """The last sample of the question."""
    answered: float | None
    """The first sample that was heard then."""
    heard: bool
    """The answer, to its end, on the stream on which it was asked for: that acknowledges it."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One media stream of the call."""

    accepted: float | None
    started: float | None
    closed: float | None
    ended_by: str
    """As in `StreamReport`."""
    status: int
    """Of the handshake."""


@dataclass(frozen=True, slots=True)
class Post:
    """A webhook."""

    path: str
    at: float
    seconds: float
    status: int


@dataclass(frozen=True, slots=True)
class Told:
    call: str
    began: float
    ended: float
    ended_by: str
    failure: str
    asked: tuple[Asked, ...]
    legs: tuple[Leg, ...]
    spans: tuple[tuple[float, float], ...]
    """When the agent was heard."""
    posts: tuple[Post, ...]
    spoken: tuple[str, ...]
    """By Twilio's own voice."""
    warnings: tuple[int, ...]
    """Twilio's codes."""

    @property
    def refused(self) -> bool:
        """There was no place, and the caller was told so."""
        return BUSY in self.spoken and not self.legs

    @property
    def lost(self) -> bool:
        """Anything but the caller ended it."""
        return not self.refused and (self.ended_by != "caller" or bool(self.failure))

    @property
    def trouble(self) -> str:
        """In words, where it is lost."""
        posts = " ".join(f"{post.path}:{post.status}" for post in self.posts)
        legs = " ".join(f"{leg.ended_by}:{leg.status}" for leg in self.legs)
        return f"{self.call} {self.ended_by} {self.failure} | {posts} | {legs} {self.warnings}"

    @property
    def moved(self) -> int:
        """How often it went on with another stream."""
        return max(0, sum(leg.started is not None for leg in self.legs) - 1)

    @property
    def heard(self) -> int:
        return sum(asked.heard for asked in self.asked)

    def json(self) -> bytes:
        return orjson.dumps(asdict(self))


def told(report: CallReport, zero: float, asked: tuple[Asked, ...]) -> Told:
    """`zero`: when the call was placed."""

    def at(moment: float | None) -> float | None:
        return None if moment is None else zero + moment

    return Told(
        report.call_sid,
        zero,
        zero + report.seconds,
        report.ended_by,
        report.failure,
        asked,
        tuple(
            Leg(at(one.accepted), at(one.started), at(one.closed), one.ended_by, one.status)
            for one in report.streams
        ),
        tuple((zero + span.start, zero + span.end) for span in report.spans),
        tuple(
            Post(one.url.rpartition("/")[2], zero + one.at, one.seconds, one.status)
            for one in report.webhooks
        ),
        report.spoken,
        tuple(notice.code for notice in report.warnings),
    )


def read(fields: Mapping[str, Any]) -> Told:
    return Told(
        **{
            **fields,
            "asked": tuple(Asked(**one) for one in fields["asked"]),
            "legs": tuple(Leg(**one) for one in fields["legs"]),
            "posts": tuple(Post(**one) for one in fields["posts"]),
            "spans": tuple((start, end) for start, end in fields["spans"]),
            "spoken": tuple(fields["spoken"]),
            "warnings": tuple(fields["warnings"]),
        }
    )
