"""Signatures that are not what they say, and the forms in which a real one comes."""

import base64
import hmac
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from agent.line.signature import Form, Signature, Signed

KEY = "0123456789abcdef"
SHARED = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
SETTINGS = {"sha1": "", "sha256": SHARED}
FORM = Form.of([("CallSid", "CA1"), ("From", "+15550100"), ("Digits", "")])
VOICE, MEDIA = "/twilio/voice", "/twilio/media"

LEGITIMATE = (
    ("https://phone.example.com", "https://phone.example.com"),
    ("https://phone.example.com", "https://phone.example.com:443"),
    ("https://phone.example.com:443", "https://phone.example.com"),
    ("https://phone.example.com:8443", "https://phone.example.com:8443"),
    ("https://Phone.Example.com", "https://phone.example.com"),
    ("https://phone.dublin.ie1.example.com", "https://phone.dublin.ie1.example.com"),
    ("https://phone.dublin.ie1.example.com", "https://phone.dublin.ie1.example.com:443"),
    ("https://phone.sydney.au1.example.com:8443", "https://phone.sydney.au1.example.com:8443"),
    ("https://example.com/line", "https://example.com/line"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("http://[::1]:8080", "http://[::1]:8080"),
    ("http://localhost", "http://localhost:80"),
)
"""PUBLIC_URL, and the root with which Twilio signs: ports, capitals, regions, a path of its own."""
LOOKALIKES = {
    "a": "а",
    "c": "с",
    "e": "е",
    "o": "о",
    "p": "р",
    "A": "Α",
    "B": "Β",
    "0": "０",
    "1": "１",
}
"""Letters of other alphabets, and digits of another width."""


def sign(url: str, form: Form | None = None, key: str = KEY, digest: str = "sha1") -> str:
    """As the vendor's page describes it, written without the vendor's library."""
    text = url
    for name, values in sorted((form or Form()).items()):
        text += "".join(name + value for value in sorted(values))
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), digest)).decode()


def legitimate() -> Iterator[tuple[str, bool]]:
    """Every form of a real signature, and whether it is taken for one."""
    for public, root in LEGITIMATE:
        checker = Signature(KEY, public)
        socket = "ws" + root.removeprefix("http")
        for digest, settings in SETTINGS.items():
            for slash in ("", "/"):
                proof = sign(f"{root}{VOICE}{slash}", FORM, digest=digest)
                claim = Signed(VOICE, "", proof, settings)
                yield f"{public}: {root}{VOICE}{slash}, {digest}", checker.proves_post(claim, FORM)
                proof = sign(f"{socket}{MEDIA}{slash}", digest=digest)
                claim = Signed(MEDIA, "", proof, settings)
                yield f"{public}: {socket}{MEDIA}{slash}, {digest}", checker.proves_upgrade(claim)


@dataclass(frozen=True, slots=True)
class Claim:
    kind: str
    claim: Signed
    form: Form
    upgrade: bool = False


class Forgeries:
    """Forged ones; the same for the same seed."""

    def __init__(self, seed: str, public: str = "https://phone.example.com") -> None:
        self._chance = random.Random(seed)
        self._public = public
        self._checker = Signature(KEY, public)
        self._digest, self._upgrade = "sha1", False
        self._makers: dict[str, Callable[[Claim], Claim]] = {
            "one bit": self._bit,
            "one letter": self._letter,
            "cut": self._cut,
            "encoded again": self._encoded,
            "look-alikes": self._lookalike,
            "empty": lambda real: _with(real, ""),
            "listed": lambda real: _with(real, f"{real.claim.signature},{real.claim.signature}"),
            "another key": lambda real: _with(real, self._proof("another")),
            "another address": self._address,
            "another path": self._path,
            "a query more": self._query,
            "a field changed": self._field,
            "a field more": lambda real: self._changed(real, {"Digits2": ["1"]}),
            "a value more": lambda real: self._changed(real, {"From": ["+15550100", "+15550101"]}),
            "a field less": lambda real: self._changed(real, {"CallSid": []}),
            "another algorithm": self._algorithm,
            "of the other kind": lambda real: replace(real, upgrade=not real.upgrade),
        }

    def accepted(self, count: int) -> dict[str, tuple[int, int]]:
        """By kind: how many were tried, and how many were taken for Twilio's."""
        found: dict[str, tuple[int, int]] = {}
        for number in range(count):
            kind = list(self._makers)[number % len(self._makers)]
            forged = self._makers[kind](self._real())
            checker = self._checker
            good = (
                checker.proves_upgrade(forged.claim)
                if forged.upgrade
                else checker.proves_post(forged.claim, forged.form)
            )
            tried, taken = found.get(kind, (0, 0))
            found[kind] = tried + 1, taken + good
        return found

    def _real(self) -> Claim:
        """Half of them for a webhook with a form, the rest for a stream."""
        self._upgrade = self._chance.random() < 0.3
        self._digest = self._chance.choice(list(SETTINGS))
        path, form = (MEDIA, Form(FORM)) if self._upgrade else (VOICE, FORM)
        claim = Signed(path, "", self._proof(KEY), SETTINGS[self._digest])
        return Claim("", claim, form, upgrade=self._upgrade)

    def _proof(self, key: str, root: str = "", path: str = "", form: Form | None = None) -> str:
        root = root or self._public
        if self._upgrade:
            address = "ws" + root.removeprefix("http") + (path or MEDIA)
            return sign(address, None, key, self._digest)
        return sign(root + (path or VOICE), form or FORM, key, self._digest)

    def _bit(self, real: Claim) -> Claim:
        raw = bytearray(base64.b64decode(real.claim.signature))
        place = self._chance.randrange(len(raw) * 8)
        raw[place // 8] ^= 1 << place % 8
        return _with(real, base64.b64encode(raw).decode())

    def _letter(self, real: Claim) -> Claim:
        proof = real.claim.signature
        place = self._chance.randrange(len(proof.rstrip("=")))
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ \x00é"
        letter = self._chance.choice([one for one in letters if one != proof[place]])
        return _with(real, proof[:place] + letter + proof[place + 1 :])

    def _cut(self, real: Claim) -> Claim:
        proof = real.claim.signature
        return _with(real, proof[: self._chance.randrange(1, len(proof))])

    def _encoded(self, real: Claim) -> Claim:
        proof = real.claim.signature
        raw = base64.b64decode(proof)
        twice = base64.b64encode(proof.encode()).decode()
        other = base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
        forms = (
            twice,
            raw.hex(),
            proof.rstrip("="),
            f"{proof}=",
            f" {proof}",
            f"{proof}\n",
            other,
            base64.b32encode(raw).decode(),
            f'"{proof}"',
            f"sha1={proof}",
        )
        return _with(real, self._chance.choice(forms))

    def _lookalike(self, real: Claim) -> Claim:
        found = [at for at, one in enumerate(real.claim.signature) if one in LOOKALIKES]
        if not found:
            return _with(real, "а" + real.claim.signature[1:])
        at = self._chance.choice(found)
        proof = real.claim.signature
        return _with(real, proof[:at] + LOOKALIKES[proof[at]] + proof[at + 1 :])

    def _address(self, real: Claim) -> Claim:
        host = urlsplit(self._public).netloc
        roots = (
            "https://evil.example.com",
            f"https://{host}.evil.example.com",
            f"https://{host}:8443",
            f"http://{host}",
            f"https://user@{host}",
            f"https://{host}:444",
            "https://",
            f"https://{host[1:]}",
        )
        return _with(real, self._proof(KEY, root=self._chance.choice(roots)))

    def _path(self, real: Claim) -> Claim:
        paths = (
            "/twilio/status",
            "/twilio/voic",
            "/twilio/voice/x",
            "//twilio/voice",
            "/",
            "/TWILIO/VOICE",
        )
        return _with(real, self._proof(KEY, path=self._chance.choice(paths)))

    def _query(self, real: Claim) -> Claim:
        query = self._chance.choice(["x=1", "?", "%00", "a=b&c=d", "#x", "\udcff"])
        return replace(real, claim=replace(real.claim, query=query))

    def _changed(self, real: Claim, fields: dict[str, list[str]]) -> Claim:
        """A websocket has no form: its proof is another key's."""
        if real.upgrade:
            return _with(real, self._proof("another"))
        form = {name: values for name, values in (real.form | fields).items() if values}
        return replace(real, form=Form(form))

    def _field(self, real: Claim) -> Claim:
        name = self._chance.choice(list(FORM))
        value = self._chance.choice(["x", "CA2", "\x00", "\ud800", "+15550101", "0" * 3000])
        return self._changed(real, {name: [value]})

    def _algorithm(self, real: Claim) -> Claim:
        named = "HMAC_SHA256" in real.claim.settings
        settings = ("", "algorithm=HMAC_MD5", "algorithm=NONE") if named else (SHARED,)
        return replace(real, claim=replace(real.claim, settings=self._chance.choice(settings)))


def _with(real: Claim, proof: str) -> Claim:
    return replace(real, claim=replace(real.claim, signature=proof))
