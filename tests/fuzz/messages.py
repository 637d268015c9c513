"""Messages that Twilio would not send, made of the ones that it does.

None of them is a wish: a well-formed `stop`, a key or audible sound of the call's own stream says
what a caller may say, and whoever obeys it is right.
"""

import base64
import binascii
import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

MOST = 64 * 1024
"""Bytes of the longest message that a stream survives."""
SILENCE = 16
"""Bytes of the most audio that a message of ours may add to a call: 2 ms."""
ANOTHER = "MZffffffffffffffffffffffffffffffff"
RECORDED = Path(__file__).parents[1] / "wire" / "twilio" / "call.jsonl"
WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    7,
    2**63,
    1e308,
    "",
    "x",
    "\x00",
    "\ud7ff\U0010ffff",
    "9" * 5000,
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"payload": 7},
    ["media"],
    "NaN",
    "-0",
    "\u202e" * 50,
)
NUMBERS = (
    "9" * 400,
    "-" + "9" * 5000,
    "1e999",
    "-1e999",
    "1e-999",
    "0." + "1" * 3000,
    "NaN",
    "Infinity",
    "0x10",
    "01",
    "1_000",
    "+1",
    str(2**64),
    str(-(2**63) - 1),
)
DIGITS: tuple[Any, ...] = (
    "",
    "12",
    "x",
    "E",
    "**",
    " 0",
    "0\n",
    "\uff10",
    "\u0660",
    0,
    7,
    None,
    [],
    ["0"],
    {"digit": "0"},
)


@dataclass(frozen=True, slots=True)
class Hostile:
    kind: str
    data: str | bytes
    """Bytes go as a binary frame."""


class Mutations:
    """One stream's, the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)
        self._recorded = [json.loads(line) for line in RECORDED.read_text().splitlines()]
        self._makers: dict[str, Callable[[], str | bytes]] = {
            "cut": self._cut,
            "bytes changed": self._flipped,
            "wrong type": self._mistyped,
            "field missing": self._missing,
            "field twice": self._doubled,
            "huge number": self._huge,
            "deep nesting": self._deep,
            "broken text": self._broken_text,
            "binary": self._binary,
            "another stream": self._foreign,
            "out of order": self._disordered,
            "unknown event": self._unknown,
            "bad base64": self._not_base64,
            "odd length": self._odd,
            "empty payload": self._empty,
            "too much audio": self._too_much,
            "key": self._key,
            "mark": self._mark,
            "start again": self._again,
            "no object": self._no_object,
            "almost too long": self._long,
        }
        self._seldom = {"almost too long", "deep nesting", "too much audio"}

    def for_stream(self, stream: str) -> Hostile:
        """The next one, in a stream of this StreamSid."""
        while True:
            kind = self._chance.choice(list(self._makers))
            if kind in self._seldom and self._chance.random() > 0.2:
                continue
            self._stream = stream
            data = self._makers[kind]()
            if not wish(data, stream):
                return Hostile(kind, data)

    def _message(self, *events: str) -> dict[str, Any]:
        fitting = [one for one in self._recorded if not events or one["event"] in events]
        message: dict[str, Any] = copy.deepcopy(self._chance.choice(fitting))
        if "streamSid" in message:
            message["streamSid"] = self._stream
        return message

    def _media(self, payload: object, **changes: object) -> str:
        message = self._message("media")
        message["media"] |= {"payload": payload, **changes}
        return json.dumps(message)

    def _cut(self) -> str:
        text = json.dumps(self._message())
        return text[: self._chance.randrange(len(text))]

    def _flipped(self) -> str:
        letters = list(json.dumps(self._message()))
        for _ in range(self._chance.randint(1, 6)):
            letters[self._chance.randrange(len(letters))] = chr(self._chance.randrange(1, 0x250))
        return "".join(letters)

    def _mistyped(self) -> str:
        message = self._message()
        owner, name = self._chance.choice(list(_fields(message)))
        owner[name] = self._chance.choice(WRONG)
        return json.dumps(message)

    def _missing(self) -> str:
        message = self._message()
        owner, name = self._chance.choice(list(_fields(message)))
        del owner[name]
        return json.dumps(message)

    def _doubled(self) -> str:
        text = json.dumps(self._message())
        name = self._chance.choice(["event", "streamSid", "media", "start", "stop", "dtmf", "mark"])
        return text[:-1] + f', "{name}": {json.dumps(self._chance.choice(WRONG))}}}'

    def _huge(self) -> str:
        message = self._message("media", "start", "dtmf")
        owner, name = self._chance.choice(list(_fields(message)))
        owner[name] = "@"
        return json.dumps(message).replace('"@"', self._chance.choice(NUMBERS))

    def _deep(self) -> str:
        depth = self._chance.choice([200, 1023, 1025, 5000, 10_000])
        opening = self._chance.choice(["[", '{"event":', '{"media":', '[{"a":'])
        whole = opening * min(depth, (MOST - 100) // len(opening) // 2)
        closed = "".join("]" if one == "[" else "}" for one in reversed(whole) if one in "[{")
        return whole + self._chance.choice(["", "1" + closed, "1"])

    def _broken_text(self) -> str:
        return json.dumps(self._message()).replace(
            self._chance.choice(["media", "inbound", "a", "1"]),
            self._chance.choice(["\\ud800", "\\udfff", "\x00", "\x1f", "\\u0000", "\u2028", "\\x"]),
        )

    def _binary(self) -> bytes:
        whole = json.dumps(self._message()).encode()
        noise = self._chance.randbytes(self._chance.randint(0, 400))
        return self._chance.choice([whole, noise, b"", b"\xff\xfe\xfa", whole[:50] + b"\xc3\x28"])

    def _foreign(self) -> str:
        """Loud, a hang-up or a wish, and not for this call."""
        message = self._message("media", "dtmf", "mark", "stop", "start")
        message["streamSid"] = self._chance.choice([ANOTHER, self._stream.lower(), "", 7, None])
        if message["event"] == "media":
            loud = self._chance.randbytes(1600)
            message["media"]["payload"] = base64.b64encode(loud).decode()
        if message["event"] == "dtmf":
            message["dtmf"]["digit"] = "0"
        return json.dumps(message)

    def _disordered(self) -> str:
        number = self._chance.choice(["1", "0", "-5", "4294967296", "2", 7, None, "x", ""])
        message = json.loads(self._media(_silence(1), chunk=number, timestamp=number))
        message["sequenceNumber"] = number
        return json.dumps(message)

    def _unknown(self) -> str:
        event = self._chance.choice(
            ["MEDIA", "Media ", "close", "clear", "error", "start\n", "", "🙂"]
        )
        return json.dumps(self._message() | {"event": event})

    def _not_base64(self) -> str:
        return self._media(
            self._chance.choice(
                ["a", "a===", "%%%%", "////\n////", "é" * 8, "_-_-", "=", "AA=A", " "]
            )
        )

    def _odd(self) -> str:
        return self._media(_silence(self._chance.choice([1, 2, 3, 5, 7, 13, SILENCE])))

    def _empty(self) -> str:
        return self._media("")

    def _too_much(self) -> str:
        noise = self._chance.randbytes(self._chance.choice([8001, 20_000, 40_000]))
        return self._media(base64.b64encode(noise).decode())

    def _key(self) -> str:
        message = self._message("dtmf")
        message["dtmf"]["digit"] = self._chance.choice(DIGITS)
        return json.dumps(message)

    def _mark(self) -> str:
        """Of names that we never send, or so long after that nothing waits for it."""
        message = self._message("mark")
        message["mark"]["name"] = self._chance.choice(
            ["", "9999.1", "9999.", ".", "-1.5", "0.0", "a" * 3000, "0.x", 7, None, "\x00", "1e9.1"]
        )
        return json.dumps(message)

    def _again(self) -> str:
        message = self._message("start", "connected")
        if message["event"] == "start":
            message["start"]["mediaFormat"] = self._chance.choice(WRONG)
            message["start"]["callSid"] = self._chance.choice(["CA" + "0" * 32, "", 7, None])
        return json.dumps(message)

    def _no_object(self) -> str:
        return self._chance.choice(
            [
                "",
                " ",
                "null",
                "[]",
                "1",
                '"media"',
                "true",
                "nonsense",
                "{}",
                "{}{}",
                "[1,",
                "\ufeff{}",
            ]
        )

    def _long(self) -> str:
        """One byte less than what closes the socket."""
        return self._chance.choice(
            [
                "x" * (MOST - 1),
                '{"event":"' + "x" * (MOST - 13) + '"}',
                '{"event":"media","media":{"payload":"' + "/" * (MOST - 41) + '"}}',
                "[" + "[]," * ((MOST - 6) // 3) + "[]]",
                '{"event":"mark","mark":{"name":"' + "é" * ((MOST - 40) // 2) + '"}}',
            ]
        )


def wish(data: str | bytes, stream: str) -> bool:
    """Whether a caller on this stream may have said so, judged without the product."""
    if isinstance(data, bytes):
        return False
    try:
        message = orjson.loads(data)
    except ValueError:
        return False
    if not isinstance(message, dict) or message.get("streamSid", stream) != stream:
        return False
    match message:
        case {"event": "stop", "stop": dict()}:
            return True
        case {"event": "dtmf", "dtmf": {"digit": str(digit)}}:
            return len(digit) == 1 and digit in "0123456789*#ABCD"
        case {"event": "media", "media": {"payload": str(payload)}}:
            return _audible(payload)
    return False


def _audible(payload: str) -> bool:
    """More than a moment's silence, and not more than a message may hold."""
    try:
        audio = binascii.a2b_base64(payload.encode("ascii", "replace"))
    except ValueError:
        return False
    return len(audio) <= 8000 and (len(audio) > SILENCE or bool(set(audio) - {0xFE, 0xFF}))


def _silence(size: int) -> str:
    return base64.b64encode(b"\xff" * size).decode()


def _fields(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every field of every object within, with its owner."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in list(pairs):
        yield value, name
        if isinstance(inner, dict | list):
            yield from _fields(inner)
