"""Twilio Media Streams messages, both ways, without I/O: https://www.twilio.com/docs/voice/media-streams.

`parse` never raises: what it cannot use comes back as `Bad` with a reason that is safe to log.
"""

import audioop
import binascii
from dataclasses import dataclass, field
from typing import Any

import orjson

RATE = 8000
"""Samples a second; a sample is one byte of mu-law on the wire."""
LONGEST_MEDIA = 8000
"""Bytes of mu-law in one inbound message: 1 s. Twilio sends 160."""


@dataclass(frozen=True, slots=True)
class Connected:
    pass


@dataclass(frozen=True, slots=True)
class Start:
    call: str
    """CallSid."""
    stream: str
    """StreamSid: each message we send carries it."""
    encoding: str
    rate: int
    channels: int
    parameters: dict[str, str] = field(default_factory=dict)
    """The TwiML's `<Parameter>` values."""


@dataclass(frozen=True, slots=True)
class Media:
    mulaw: bytes


@dataclass(frozen=True, slots=True)
class Digit:
    digit: str
    """One of 0-9, *, #, A-D."""


@dataclass(frozen=True, slots=True)
class Mark:
    name: str
    """Of a mark that we sent: playback has come this far, or our `clear` emptied the buffer."""


@dataclass(frozen=True, slots=True)
class Stop:
    pass


@dataclass(frozen=True, slots=True)
class Bad:
    reason: str


Message = Connected | Start | Media | Digit | Mark | Stop | Bad

_DIGITS = frozenset("0123456789*#ABCD")


def parse(text: str | bytes, stream: str = "") -> Message:
    """The message in one websocket frame. Never raises. `stream`: StreamSid of the socket, once it
    is known; what names another one is none of ours."""
    try:
        message = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return Bad("not json")
    if not isinstance(message, dict):
        return Bad("not an object")
    if stream and message.get("streamSid", stream) != stream:
        return Bad("of another stream")
    match message.get("event"):
        case "media":
            return _media(message.get("media"))
        case "mark":
            return _mark(message.get("mark"))
        case "dtmf":
            return _digit(message.get("dtmf"))
        case "start":
            return _start(message)
        case "connected":
            return Connected()
        case "stop":
            return Stop() if isinstance(message.get("stop"), dict) else Bad("stop without details")
        case _:
            return Bad("unknown event")


def _media(media: Any) -> Media | Bad:
    if not isinstance(media, dict) or not isinstance(payload := media.get("payload"), str):
        return Bad("media without payload")
    if media.get("track", "inbound") != "inbound":
        return Bad("media of another track")
    try:
        mulaw = binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:  # also UnicodeEncodeError's parent, for a payload that is not ASCII
        return Bad("payload not base64")
    if not mulaw:
        return Bad("payload empty")
    if len(mulaw) > LONGEST_MEDIA:
        return Bad("payload too long")
    return Media(mulaw)


def _mark(mark: Any) -> Mark | Bad:
    if isinstance(mark, dict) and isinstance(name := mark.get("name"), str):
        return Mark(name[:64])
    return Bad("mark without name")


def _digit(dtmf: Any) -> Digit | Bad:
    if isinstance(dtmf, dict) and isinstance(digit := dtmf.get("digit"), str) and digit in _DIGITS:
        return Digit(digit)
    return Bad("dtmf without digit")


def _start(message: dict[str, Any]) -> Start | Bad:
    start = message.get("start")
    if not isinstance(start, dict):
        return Bad("start without details")
    call = start.get("callSid")
    stream = start.get("streamSid", message.get("streamSid"))
    form = start.get("mediaFormat", {})
    parameters = start.get("customParameters") or {}
    if not (isinstance(call, str) and call and isinstance(stream, str) and stream):
        return Bad("start without callSid or streamSid")
    if not isinstance(form, dict) or not isinstance(parameters, dict):
        return Bad("start with a malformed format")
    try:
        rate, channels = int(form.get("sampleRate", RATE)), int(form.get("channels", 1))
    except (TypeError, ValueError, OverflowError):
        return Bad("start with a malformed format")
    return Start(
        call=call[:64],
        stream=stream[:64],
        encoding=str(form.get("encoding", "audio/x-mulaw")),
        rate=rate,
        channels=channels,
        parameters={k: v for k, v in parameters.items() if isinstance(v, str)},
    )


def decodable(start: Start) -> bool:
    """Whether the stream is in the one form that we speak: 8 kHz mono mu-law."""
    return (start.encoding, start.rate, start.channels) == ("audio/x-mulaw", RATE, 1)


def pcm(mulaw: bytes) -> bytes:
    return audioop.ulaw2lin(mulaw, 2)


def mulaw(pcm: bytes) -> bytes:
    """Of 16-bit PCM; half a sample at the end is dropped."""
    return audioop.lin2ulaw(pcm if len(pcm) % 2 == 0 else pcm[:-1], 2)


class Sentences:
    """The three messages that Twilio takes, for one stream."""

    def __init__(self, stream: str) -> None:
        head = orjson.dumps(stream).decode()
        self._media = '{"event":"media","streamSid":' + head + ',"media":{"payload":"'
        self._mark = '{"event":"mark","streamSid":' + head + ',"mark":{"name":'
        self.clear = '{"event":"clear","streamSid":' + head + "}"

    def media(self, mulaw: bytes) -> str:
        return self._media + binascii.b2a_base64(mulaw, newline=False).decode() + '"}}'

    def mark(self, name: str) -> str:
        return self._mark + orjson.dumps(name).decode() + "}}"
