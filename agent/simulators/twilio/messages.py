"""The words of a media stream, both ways.

https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

import base64
import binascii
from dataclasses import dataclass

import orjson

CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'


@dataclass(frozen=True, slots=True)
class Media:
    audio: bytes
    """Mu-law, 8000 Hz."""


@dataclass(frozen=True, slots=True)
class Mark:
    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    pass


class Invalid(ValueError):
    """A message that Twilio answers with warning 31951 and otherwise ignores."""


def read(text: str, *, stream: str) -> Media | Mark | Clear:
    """One message of the agent. Raises `Invalid`."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid("not JSON") from error
    if not isinstance(message, dict):
        raise Invalid("not a JSON object")
    if message.get("streamSid") != stream:
        raise Invalid("streamSid is not this stream's")
    match message:
        case {"event": "media", "media": {"payload": str(payload)}}:
            return Media(_audio(payload))
        case {"event": "mark", "mark": {"name": str(name)}} if name:
            return Mark(name)
        case {"event": "clear"}:
            return Clear()
        case {"event": "media"}:
            raise Invalid("media without a payload")
        case {"event": "mark"}:
            raise Invalid("mark without a name")
    raise Invalid("unknown event")


def _audio(payload: str) -> bytes:
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("the payload is not base64") from error


class Writer:
    """Twilio's side: everything after `connected` is numbered, and numbers are strings."""

    def __init__(self, *, stream: str, call: str, account: str) -> None:
        self._stream = stream
        self._call = call
        self._account = account
        self._sequence = 0
        self._chunk = 0
        self._tail = f'"}},"streamSid":"{stream}"}}'

    def start(self, parameters: dict[str, str]) -> str:
        body = {
            "accountSid": self._account,
            "streamSid": self._stream,
            "callSid": self._call,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters,
        }
        return self._event("start", {"start": body})

    def media(self, payload: str, *, timestamp: int) -> str:
        """`payload` is base64 already; `timestamp` is milliseconds since `start`."""
        self._sequence += 1
        self._chunk += 1
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self._chunk}","timestamp":"{timestamp}","payload":"{payload}{self._tail}'
        )

    def dtmf(self, digit: str) -> str:
        return self._event("dtmf", {"dtmf": {"track": "inbound_track", "digit": digit}})

    def mark(self, name: str) -> str:
        return self._event("mark", {"mark": {"name": name}})

    def stop(self) -> str:
        return self._event("stop", {"stop": {"accountSid": self._account, "callSid": self._call}})

    def _event(self, event: str, body: dict[str, object]) -> str:
        self._sequence += 1
        message = {
            "event": event,
            "sequenceNumber": str(self._sequence),
            **body,
            "streamSid": self._stream,
        }
        return orjson.dumps(message).decode()
