"""A Twilio account: what signs webhooks and websockets, and where they may go."""

import base64
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

SIGNATURE = "X-Twilio-Signature"


class Outside(ValueError):
    """An address that is not loopback, where only loopback may be dialled."""


@dataclass(frozen=True, slots=True)
class Account:
    sid: str = "AC" + "0" * 32
    token: str = field(default="simulated-auth-token", repr=False)

    def sign(self, url: str, parameters: dict[str, str] | None = None) -> str:
        """HMAC-SHA1 over the URL and the sorted form, as Twilio's classic signature."""
        form = parameters or {}
        text = url + "".join(name + form[name] for name in sorted(form))
        digest = hmac.digest(self.token.encode(), text.encode(), "sha1")
        return base64.b64encode(digest).decode()


def new_sid(prefix: str) -> str:
    """`CA` for a call, `MZ` for a media stream, `RE` for a recording."""
    return prefix + secrets.token_hex(16)


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Addresses:
    """Signed is the public address; dialled is where the agent really listens."""

    public: str
    """The voice webhook's address as the agent knows itself."""
    dial: str = ""
    """Root that stands for the public host, e.g. `http://127.0.0.1:8080`; empty: none does."""
    outside: bool = False
    """Whether anything but loopback may be dialled."""

    def target(self, url: str) -> str:
        """Where to connect for `url`, without its fragment. Raises `Outside`."""
        parts = urlsplit(url)
        target = urlunsplit(parts._replace(fragment=""))
        if self.dial and parts.hostname == urlsplit(self.public).hostname:
            root = urlsplit(self.dial)
            secure = root.scheme == "https"
            web = parts.scheme in {"http", "https"}
            scheme = ("https" if secure else "http") if web else ("wss" if secure else "ws")
            target = urlunsplit((scheme, root.netloc, parts.path, parts.query, ""))
        if not self.outside and not is_loopback(target):
            raise Outside(f"{url}: only loopback addresses are dialled here")
        return target
