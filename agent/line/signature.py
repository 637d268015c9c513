"""Whether a request is Twilio's: X-Twilio-Signature over an address built from PUBLIC_URL alone.

No header of the request takes part in the address: whoever forges one could choose it.
https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from twilio.request_validator import RequestValidator, get_signature_algorithm

HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
STANDARD_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Form(dict[str, list[str]]):
    """A posted form; a name may come more than once."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Form":
        form = cls()
        for name, value in pairs:
            form.setdefault(name, []).append(value)
        return form

    def getall(self, name: str) -> list[str]:
        """What twilio's validator asks of a form with repeated names."""
        return self[name]

    def first(self, name: str) -> str:
        """ "" where the name is missing."""
        return self.get(name, [""])[0]


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request shows for itself."""

    path: str
    """Of the route, without PUBLIC_URL's own path and without a slash at the end."""
    query: str
    """As it came, still encoded; "" without one."""
    signature: str
    """Header X-Twilio-Signature."""
    settings: str = ""
    """Header X-Twilio-Webhooks-Signature-Settings: names a newer algorithm."""


class Signature:
    """Checks signatures made with `key`: the account's auth token or a shared key's secret."""

    def __init__(self, key: str, public: str) -> None:
        """`public`: root of the service as Twilio sees it."""
        self._validators = [RequestValidator(key)]
        self._public = urlsplit(public.rstrip("/"))

    def renew(self, keys: Sequence[str]) -> None:
        """From now on any of these is good."""
        self._validators = [RequestValidator(key) for key in keys]

    def proves_post(self, signed: Signed, form: Form) -> bool:
        """Whether a webhook is Twilio's. Never raises."""
        return self._proves(self._public, signed, form)

    def proves_upgrade(self, signed: Signed) -> bool:
        """Whether a websocket's handshake is, signed over its wss:// address. Never raises."""
        scheme = "wss" if self._public.scheme == "https" else "ws"
        return self._proves(self._public._replace(scheme=scheme), signed, Form())

    def _proves(self, public: SplitResult, signed: Signed, form: Form) -> bool:
        if not signed.signature:
            return False
        try:
            algorithm = get_signature_algorithm(signed.settings)
            return any(
                validator.validate(address, form, signed.signature, algorithm)
                for validator in self._validators
                for address in _addresses(public, signed.path, signed.query)
            )
        except (ValueError, TypeError):  # text that no encoding holds: no doubt about it
            return False


def _addresses(public: SplitResult, path: str, query: str) -> list[str]:
    """The forms in which Twilio may have signed the one address: with and without the last slash,
    the standard port, capitals in the host's name."""
    standard = STANDARD_PORTS[public.scheme]
    hosts = {public.netloc, public.netloc.lower()}
    if public.port is None:
        hosts |= {f"{host}:{standard}" for host in hosts}
    elif public.port == standard:
        hosts |= {host.rpartition(":")[0] for host in hosts}
    tail = f"?{query}" if query else ""
    full = public.path + path
    return [
        f"{public.scheme}://{host}{form}{tail}"
        for host in sorted(hosts)
        for form in (full, f"{full}/")
    ]
