"""Requests that Twilio would not send, as bytes on a socket; many carry a valid signature, so that
what lies behind it is reached too."""

import base64
import hmac
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

Form = Sequence[tuple[str, str]]
LONGEST = 64 * 1024
"""Bytes of a body that is read."""
PATHS = (
    "/twilio/voice",
    "/twilio/stream-ended",
    "/twilio/status",
    *(f"/twilio/transfer/{step}" for step in ("status", "join", "wait", "over", "back")),
)
ODD_PATHS = (
    "/twilio/../twilio/voice",
    "//twilio//voice",
    "/twilio/voice//",
    "/twilio/./voice",
    "/twilio/%2e%2e/voice",
    "/twilio/voice/..;/status",
    "/twilio/voice%00",
    "/twilio/voice%0d%0aX: y",
    "/TWILIO/voice",
    "/twilio",
    "/twilio/voice?%",
    "/twilio/voice?a=%ff",
    "/" + "a" * 5000,
    "/%c0%af",
    "/twilio/media",
    "*",
    "",
    "http://elsewhere.example.com/twilio/voice",
    "/../../etc/passwd",
    "/twilio/\\voice",
)
METHODS = (
    "GET",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "post",
    "POST\x00",
    "X" * 300,
)
VALUES = (
    "",
    "\x00",
    "\r\n",
    "é",
    "\U0010ffff",
    "../../x",
    "CA1",
    "CA" + "0" * 32,
    "A" * 65,
    "0" * 5000,
    "-1",
    "1e999",
    "<Response/>",
    "{{7*7}}",
    "${x}",
    "completed",
    "busy",
    "+15550100",
    "+" + "9" * 40,
    "' OR 1=1 --",
    "\u202e",
)
NAMES = (
    "CallSid",
    "CallStatus",
    "From",
    "To",
    "AccountSid",
    "DialCallStatus",
    "Digits",
    "ConferenceSid",
    "StreamSid",
    "",
    "__proto__",
    "CallSid[]",
    "call_sid",
    "\x00",
)
TYPES = (
    "application/json",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "",
    "application/x-www-form-urlencoded; charset=utf-16",
    "\xff",
    "a" * 4000,
)
QUERIES = (
    "",
    "?",
    "?call=",
    "?call=CA1&department=claims",
    "?who=caller&times=9",
    "?times=-1&who=x",
    "?call=%00&department=%ff&colleague=CA2",
    "?" + "a=1&" * 500,
    "?call=CA1&call=CA2",
    "?times=\u0663",
    *(
        f"?room=r&call=CA9&department=claims&began={began}"
        for began in ("0", "1e999", "nan", "-1", "x")
    ),
    "?room=r&call=CA9&language=zz&who=caller&times=99999999999999999999",
    "?room=%00&call=%0a&who=x&times=1",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    kind: str
    pieces: tuple[bytes, ...]
    """Sent one after the other, with a pause between."""
    forged: bool = False
    """Carries no valid signature: it must be refused."""


class Requests:
    """For one service; the same for the same seed."""

    def __init__(self, seed: str, url: str, key: str) -> None:
        self._chance = random.Random(seed)
        self._url = url
        self._host = urlsplit(url).netloc
        self._key = key
        self._makers: dict[str, Callable[[], Hostile]] = {
            "fields": self._fields,
            "fields, transfer": self._transfer,
            "huge field": self._huge,
            "binary body": self._binary,
            "content type": self._typed,
            "chunked": self._chunked,
            "slow": self._slow,
            "length": self._wrong_length,
            "method": self._method,
            "path": self._path,
            "headers": self._headers,
            "no HTTP": self._no_http,
            "websocket": self._websocket,
            "forged": self._forged,
        }
        self._seldom = {"slow", "huge field"}

    def next(self) -> Hostile:
        while True:
            kind = self._chance.choice(list(self._makers))
            if kind not in self._seldom or self._chance.random() < 0.1:
                return self._makers[kind]()

    def _form(self) -> list[tuple[str, str]]:
        """Any number of fields, none of them of a call that is on."""
        count = self._chance.choice([0, 1, 3, 8, 300])
        form = [(self._chance.choice(NAMES), self._chance.choice(VALUES)) for _ in range(count)]
        if self._chance.random() < 0.7:
            form.insert(0, ("CallSid", f"CA{self._chance.getrandbits(64):032x}"))
        return form

    def _signed(self, path: str, form: Form) -> str:
        fields: dict[str, set[str]] = {}
        for name, value in form:
            fields.setdefault(name, set()).add(value)
        text = self._url + path
        for name in sorted(fields):
            text += "".join(name + value for value in sorted(fields[name]))
        digest = hmac.digest(self._key.encode(), text.encode("utf-8", "surrogatepass"), "sha1")
        return base64.b64encode(digest).decode()

    def _post(self, kind: str, path: str, form: Form) -> Hostile:
        return Hostile(kind, (self._head("POST", path, self._signed(path, form), _body(form)),))

    def _head(self, method: str, path: str, proof: str, body: bytes, *more: str) -> bytes:
        lines = (
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}",
            f"X-Twilio-Signature: {proof}",
            *(more or ("Content-Type: application/x-www-form-urlencoded",)),
            f"Content-Length: {len(body)}",
            "Connection: close",
            "",
            "",
        )
        return "\r\n".join(lines).encode("latin-1", "replace") + body

    def _fields(self) -> Hostile:
        return self._post("fields", self._chance.choice(PATHS[:3]), self._form())

    def _transfer(self) -> Hostile:
        path = self._chance.choice(PATHS[3:]) + self._chance.choice(QUERIES)
        path = path.encode("ascii", "replace").decode()
        return self._post("fields, transfer", path, self._form())

    def _huge(self) -> Hostile:
        size = self._chance.choice([LONGEST - 20, LONGEST, LONGEST + 1, 4 * LONGEST])
        form = [("CallSid", "CA1"), (self._chance.choice(NAMES), "x" * size)]
        return self._post("huge field", self._chance.choice(PATHS), form)

    def _binary(self) -> Hostile:
        body = self._chance.choice(
            [
                self._chance.randbytes(300),
                b"\xff\xfe",
                b"%",
                b"%ff=%ff",
                b"&&&==&",
                b"CallSid=%zz",
                b"\x00" * 50,
            ]
        )
        path = self._chance.choice(PATHS)
        return Hostile("binary body", (self._head("POST", path, self._signed(path, ()), body),))

    def _typed(self) -> Hostile:
        path, form = self._chance.choice(PATHS), self._form()
        header = f"Content-Type: {self._chance.choice(TYPES)}"
        head = self._head("POST", path, self._signed(path, form), _body(form), header)
        return Hostile("content type", (head,))

    def _chunked(self) -> Hostile:
        path, body = self._chance.choice(PATHS), _body(self._form())
        size = self._chance.choice(
            [f"{len(body):x}", "ffffffffffffffff", "-1", "zz", "0", f"{len(body):x};a=b"]
        )
        lines = (
            f"POST {path} HTTP/1.1",
            f"Host: {self._host}",
            "Transfer-Encoding: chunked",
            self._chance.choice(
                ["Content-Length: 5", "X-Twilio-Signature: é", "Connection: close"]
            ),
            "",
            "",
        )
        end = self._chance.choice([b"\r\n0\r\n\r\n", b"\r\n", b""])
        head = "\r\n".join(lines).encode("latin-1")
        return Hostile("chunked", (head, size.encode() + b"\r\n" + body + end), forged=True)

    def _slow(self) -> Hostile:
        path, form = self._chance.choice(PATHS), self._form()
        whole = self._head("POST", path, self._signed(path, form), _body(form))
        cuts = sorted(self._chance.randrange(len(whole)) for _ in range(5))
        edges = zip([0, *cuts], [*cuts, len(whole)], strict=True)
        return Hostile("slow", tuple(whole[start:end] for start, end in edges))

    def _wrong_length(self) -> Hostile:
        path, body = self._chance.choice(PATHS), b"CallSid=CA1"
        head = self._head("POST", path, "x", body).replace(
            b"Content-Length: 11",
            b"Content-Length: "
            + self._chance.choice(
                [b"3", b"-1", b"1e3", b"99999999999999999999", b"11, 11", b"\xb2"]
            ),
        )
        return Hostile("length", (head,), forged=True)

    def _method(self) -> Hostile:
        method, path = self._chance.choice(METHODS), self._chance.choice(PATHS)
        return Hostile(
            "method", (self._head(method, path, self._signed(path, ()), b""),), forged=True
        )

    def _path(self) -> Hostile:
        path, form = self._chance.choice(ODD_PATHS), [("CallSid", "CA1")]
        return self._post("path", path, form)

    def _headers(self) -> Hostile:
        path = self._chance.choice(PATHS)
        many = self._chance.choice(
            [
                ("X-A: " + "a" * 70_000,),
                tuple(f"X-{n}: {n}" for n in range(2000)),
                ("Host: elsewhere",),
                ("\x00: \x00",),
                ("X-Twilio-Signature: x", "X-Twilio-Signature: y"),
                ("Expect: 100-continue",),
                (": ",),
                ("X-B: a\r\n folded",),
                (
                    "X-Twilio-Webhooks-Signature-Settings: algorithm="
                    + self._chance.choice(["HMAC_MD5", "é", ",,=,", "=" * 3000]),
                ),
            ]
        )
        return Hostile(
            "headers", (self._head("POST", path, "x", b"CallSid=CA1", *many),), forged=True
        )

    def _no_http(self) -> Hostile:
        return Hostile(
            "no HTTP",
            (
                self._chance.choice(
                    [
                        b"\x16\x03\x01\x02\x00\x01\x00",
                        b"\r\n" * 20,
                        b"GET / HTTP/9.9\r\n\r\n",
                        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                        b"POST /twilio/voice\r\n\r\n",
                        b"\x00" * 200,
                        self._chance.randbytes(500),
                        b"POST",
                        b"A" * 70_000,
                    ]
                ),
            ),
            forged=True,
        )

    def _websocket(self) -> Hostile:
        """A handshake, and then frames that no client sends."""
        chance = self._chance
        proof = self._signed("", ()) if chance.random() < 0.3 else self._upgrade()
        version = chance.choice(["13", "13", "13", "8", "x"])
        lines = (
            "GET /twilio/media HTTP/1.1",
            f"Host: {self._host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Version: {version}",
            f"X-Twilio-Signature: {proof}",
            "Sec-WebSocket-Extensions: permessage-deflate",
            f"Sec-WebSocket-Key: {chance.choice(['AAAAAAAAAAAAAAAAAAAAAA==', '', 'x', 'é'])}",
            "",
            "",
        )
        frames = (
            b"\x81\x05hello",
            b"\xc1\x85aaaa\x00\x00\x00\x00\x00",
            b"\x83\x80aaaa",
            b"\x81\xff" + b"\xff" * 12,
            b"\x81\x82aaaa\x9e\x9f",
            b"\x89\xfe\x00\xffaaaa" + b"x" * 255,
            b"\x88\x81aaaa\x00",
            chance.randbytes(64),
            b"\x01\x80aaaa\x01\x80aaaa",
            b"",
        )
        return Hostile("websocket", ("\r\n".join(lines).encode("latin-1"), chance.choice(frames)))

    def _upgrade(self) -> str:
        text = self._url.replace("http", "ws", 1) + "/twilio/media"
        return base64.b64encode(hmac.digest(self._key.encode(), text.encode(), "sha1")).decode()

    def _forged(self) -> Hostile:
        path, form = self._chance.choice(PATHS), [("CallSid", "CA1"), ("CallStatus", "completed")]
        proof = self._signed(path, form)
        claims: tuple[tuple[str, str, Form], ...] = (
            (path, "", form),
            (path, proof[:-2], form),
            (path, proof.swapcase(), form),
            (path, proof, [*form, ("CallSid", "CA2")]),
            (path, proof, [("CallSid", "CA2")]),
            (path + "?x=1", proof, form),
            (PATHS[(PATHS.index(path) + 1) % len(PATHS)], proof, form),
            (path, self._upgrade(), form),
        )
        target, claimed, fields = self._chance.choice(claims)
        head = self._head("POST", target, claimed, _body(fields))
        return Hostile("forged", (head,), forged=True)


def _body(form: Form) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in form).encode()
