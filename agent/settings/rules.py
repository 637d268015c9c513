"""What a setting may look like: the types of `areas`, each with the words for what it expects."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr


@dataclass(frozen=True, slots=True)
class Expect:
    """Completes "NAME: expected …". No validator below ever puts a value into its error."""

    text: str


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; a name that is not known as such counts as no."""
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def _root(text: str) -> SplitResult:
    """An http(s) root: no user, query or fragment; plain http on loopback only."""
    parts = urlsplit(text)
    named = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1) > 0
    if not named or parts.username is not None or parts.query or parts.fragment:
        raise ValueError
    if any(character.isspace() for character in text) or not text.isascii():
        raise ValueError
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError
    return parts


def _url(text: str) -> str:
    _root(text)
    return text.rstrip("/")


def _versioned_url(text: str) -> str:
    if not re.search(r"/v1(beta)?(/|$)", _root(text).path):
        raise ValueError
    return text.rstrip("/")


def _host_or_url(text: str) -> str:
    if "://" not in text:
        scheme = "http" if is_loopback(text.partition(":")[0]) else "https"
        text = f"{scheme}://{text}"
    return _url(text)


def _scheme(*allowed: str) -> Callable[[SecretStr], SecretStr]:
    def check(secret: SecretStr) -> SecretStr:
        parts = urlsplit(secret.get_secret_value())
        if parts.scheme not in allowed or not (parts.netloc or parts.path):
            raise ValueError
        _ = parts.port  # raises ValueError when it is no number of a port
        return secret

    return check


def _clustered(secret: SecretStr) -> SecretStr:
    """What `knowledge.store` makes a client of a cluster for: it has no second database."""
    parts = urlsplit(secret.get_secret_value())
    told = parse_qs(parts.query, keep_blank_values=True)
    if "cluster" not in told:
        return secret
    if told["cluster"] not in (["true"], ["false"]):
        raise ValueError
    elsewhere = parts.path.strip("/") not in {"", "0"} or told.get("db", ["0"]) != ["0"]
    if told["cluster"] == ["true"] and (parts.scheme == "unix" or elsewhere):
        raise ValueError
    return secret


def _departments(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = (part.strip() for part in pair.partition("="))
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or name in found:
            raise ValueError
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number, re.ASCII):
            raise ValueError
        found[name] = number
    return found


def _listed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    lower = tuple(code.lower() for code in codes)
    if not lower or len(set(lower)) < len(lower):
        raise ValueError
    if not all(re.fullmatch("[a-z]{2}", code) for code in lower):
        raise ValueError
    return lower


def _networks(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        ipaddress.ip_network(name)
    return names


def _api_keys(secret: SecretStr) -> SecretStr:
    for pair in secret.get_secret_value().split(","):
        role, separator, key = pair.strip().partition(":")
        if not separator or not key or not re.fullmatch(r"[a-z][a-z_-]*", role):
            raise ValueError
    return secret


def _sendable(secret: SecretStr) -> SecretStr:
    """A key goes into HTTP headers: what cannot stand there is a damaged key."""
    if not re.fullmatch("[ -~]+", secret.get_secret_value()):
        raise ValueError
    return secret


def _tokens(secret: SecretStr) -> SecretStr:
    """As many as are good at a time: while one replaces another, two."""
    if not all(
        re.fullmatch(r"[\x21-\x2b\x2d-\x7e]+", part)
        for part in secret.get_secret_value().split(",")
    ):
        raise ValueError
    return secret


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError
    return path


def _folder_or_hub_name(text: str) -> str:
    if not Path(text).is_dir() and not re.fullmatch(r"hub:[\w-][\w.-]*/[\w-][\w.-]*", text):
        raise ValueError
    return text


def _matching(pattern: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return check


Url = Annotated[
    str,
    AfterValidator(_url),
    Expect("an https:// URL without query or fragment (http:// on loopback only)"),
]
OptionalUrl = Annotated[
    str | None,
    AfterValidator(_url),
    Expect("an https:// URL without query or fragment (http:// on loopback only)"),
]
VersionedUrl = Annotated[
    str,
    AfterValidator(_versioned_url),
    Expect("an https:// URL with its /v1, such as https://api.openai.com/v1 (http on loopback)"),
]
OptionalVersionedUrl = Annotated[
    str | None,
    AfterValidator(_versioned_url),
    Expect("an https:// URL with its /v1, such as https://api.openai.com/v1 (http on loopback)"),
]
OptionalHost = Annotated[
    str | None,
    AfterValidator(_host_or_url),
    Expect("a host name or an https:// URL (http:// on loopback only)"),
]
Secret = Annotated[
    SecretStr | None,
    AfterValidator(_sendable),
    Expect("a key of printable ASCII characters, directly or in the file that …_FILE names"),
]
AuthTokens = Annotated[
    SecretStr | None,
    AfterValidator(_tokens),
    Expect("the account's token; while it is replaced both, separated by a comma"),
]
RedisUrl = Annotated[
    SecretStr | None,
    AfterValidator(_scheme("redis", "rediss", "unix")),
    AfterValidator(_clustered),
    Expect("a redis://, rediss:// or unix:// URL; of a cluster redis[s]://…/0?cluster=true"),
]
DatabaseUrl = Annotated[
    SecretStr | None,
    AfterValidator(_scheme("postgresql", "postgres", "sqlite")),
    Expect("a postgresql:// URL (sqlite:/// for trying out)"),
]
Departments = Annotated[
    dict[str, str],
    BeforeValidator(_departments),
    Expect("names with numbers in E.164, such as claims=+15550100200,billing=+15550100201"),
]
Languages = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    AfterValidator(_languages),
    Expect("two-letter language codes, each once, such as en,es"),
]
Networks = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    AfterValidator(_networks),
    Expect("IP addresses or networks, such as 10.0.0.0/8,192.0.2.7"),
]
ApiKeys = Annotated[
    SecretStr | None,
    AfterValidator(_api_keys),
    Expect("pairs role:key, separated by commas"),
]
Language = Annotated[
    str, AfterValidator(_matching("[a-z]{2}")), Expect("a two-letter language code, such as es")
]
AccountSid = Annotated[
    str | None,
    AfterValidator(_matching("AC[0-9A-Za-z]+")),
    Expect("an account SID, which begins with AC"),
]
WhenFull = Annotated[
    str,
    AfterValidator(_matching(r"sentence|(?:queue|department):[A-Za-z0-9][A-Za-z0-9_-]*")),
    Expect("sentence, queue: and its name, or department: and one of DEPARTMENTS"),
]
Word = Annotated[str, AfterValidator(_matching(r"\S+")), Expect("a name without spaces")]
OptionalWord = Annotated[
    str | None, AfterValidator(_matching(r"\S+")), Expect("a name without spaces")
]
Host = Annotated[
    str,
    AfterValidator(_matching(r"[A-Za-z0-9.:_-]+")),
    Expect("an address or a name to listen on, such as 127.0.0.1 or 0.0.0.0"),
]
Folder = Annotated[Path, Expect("a folder; it is made when it is missing")]
OptionalFolder = Annotated[Path | None, Expect("a folder; it is made when it is missing")]
ExistingFolder = Annotated[
    Path | None, AfterValidator(_folder), Expect("a folder that exists and can be read")
]
FolderOrHubName = Annotated[
    str | None,
    AfterValidator(_folder_or_hub_name),
    Expect("a folder that exists, or hub: and a model's name, such as hub:owner/name"),
]
