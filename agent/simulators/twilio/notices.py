"""What Twilio's debugger would show of a call: numbered warnings and errors."""

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """Twilio's numbers, https://www.twilio.com/docs/api/errors."""

    WEBHOOK_FAILED = 11200
    BAD_DOCUMENT = 12100
    BAD_SCHEMA = 12200
    BAD_CONTENT_TYPE = 12300
    RELATIVE_ACTION = 15004
    STREAM_TIMEOUT = 31901
    STREAM_UNREACHABLE = 31902
    STREAM_TLS = 31910
    STREAM_HANDSHAKE = 31920
    STREAM_CLOSED = 31921
    STREAM_SCHEME = 31922
    STREAM_URL = 31923
    STREAM_PROTOCOL = 31924
    STREAM_OVERFLOW = 31930
    STREAM_BINARY = 31950
    STREAM_MESSAGE = 31951


class Refused(ValueError):
    """Twilio does not do what it was told; the code says why."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Notice:
    code: int
    detail: str
    at: float
    """Seconds since the call was placed."""
