"""TwiML: a document of verbs, read with Twilio's own refusals."""

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from agent.simulators.twilio.account import is_loopback
from agent.simulators.twilio.notices import Code, Refused

LONGEST_PARAMETER = 500
"""Characters of a `<Parameter>`'s name and value together; Twilio takes fewer."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Play:
    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Stream:
    url: str
    parameters: dict[str, str] = field(default_factory=dict)
    status_callback: str = ""


@dataclass(frozen=True, slots=True)
class Connect:
    stream: Stream
    action: str = ""
    """Empty: the next verb follows."""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Conference:
    room: str
    starts: bool = True
    """`startConferenceOnEnter`."""
    ends: bool = False
    """`endConferenceOnExit`."""
    beep: str = "true"
    wait_url: str = ""
    """What is heard until the conference starts; empty: Twilio's own music."""
    wait_method: str = "POST"
    status_callback: str = ""
    events: tuple[str, ...] = ()
    """`statusCallbackEvent`: start, end, join, leave."""
    most: int = 250
    """`maxParticipants`."""


@dataclass(frozen=True, slots=True)
class Dial:
    targets: tuple[tuple[str, str], ...]
    """(noun, whom), e.g. ("Number", "+15550100") or ("Conference", "room")."""
    action: str = ""
    method: str = "POST"
    conference: Conference | None = None


@dataclass(frozen=True, slots=True)
class Gather:
    prompts: tuple[Say | Play | Pause, ...]
    action: str
    method: str = "POST"
    digits: int = 0
    """How many end the input at once; 0: the finish key or the timeout does."""
    finish: str = "#"
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class Hangup:
    """Also `<Reject>`."""


Verb = Say | Play | Pause | Connect | Redirect | Dial | Gather | Hangup


@dataclass(frozen=True, slots=True)
class Document:
    verbs: tuple[Verb, ...]
    skipped: tuple[str, ...] = ()
    """Tags that this simulator does not know; Twilio warns of them with 12200."""


def read(text: str, *, base: str) -> Document:
    """`base` resolves relative addresses; empty, as in an update by REST: there are none.

    Raises `Refused`.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Refused(Code.BAD_DOCUMENT, "TwiML has no document type")
    try:
        # No document type, so no entities: nothing in it can expand.
        root = ElementTree.fromstring(text)  # noqa: S314  # nosec B314
    except ElementTree.ParseError as error:
        raise Refused(Code.BAD_DOCUMENT, f"not XML: {error}") from error
    if root.tag != "Response":
        raise Refused(Code.BAD_DOCUMENT, f"the root is <{root.tag}>, expected <Response>")
    reader = _Reader(base)
    verbs: list[Verb] = []
    skipped: list[str] = []
    for element in root:
        verb = reader.verb(element)
        if verb is None:
            skipped.append(element.tag)
        else:
            verbs.append(verb)
    return Document(tuple(verbs), tuple(skipped))


class _Reader:
    def __init__(self, base: str) -> None:
        self._base = base

    def verb(self, element: Element) -> Verb | None:
        match element.tag:
            case "Say" | "Play" | "Pause":
                return _prompt(element)
            case "Connect":
                return self._connect(element)
            case "Redirect":
                return Redirect(self._address(_words(element)), _method(element))
            case "Dial":
                return self._dial(element)
            case "Gather":
                return self._gather(element)
            case "Hangup" | "Reject":
                return Hangup()
            case "Start":
                raise Refused(
                    Code.BAD_SCHEMA, "<Start><Stream> is not simulated: use <Connect><Stream>"
                )
        return None

    def _address(self, url: str) -> str:
        if urlsplit(url).scheme:
            return url
        if not self._base:
            raise Refused(Code.RELATIVE_ACTION, f"{url!r} must be absolute in an update")
        return urljoin(self._base, url)

    def _action(self, element: Element) -> str:
        action = element.get("action", "").strip()
        return self._address(action) if action else ""

    def _connect(self, element: Element) -> Connect:
        nouns = list(element)
        if [noun.tag for noun in nouns] != ["Stream"]:
            found = " ".join(f"<{noun.tag}>" for noun in nouns) or "nothing"
            raise Refused(Code.BAD_SCHEMA, f"<Connect> holds {found}, expected one <Stream>")
        return Connect(self._stream(nouns[0]), self._action(element), _method(element))

    def _stream(self, element: Element) -> Stream:
        track = element.get("track", "inbound_track")
        if track != "inbound_track":
            raise Refused(Code.BAD_SCHEMA, f"<Connect><Stream track={track!r}>: inbound_track only")
        callback = element.get("statusCallback", "").strip()
        return Stream(
            _media_address(element.get("url", "").strip()),
            dict(_parameter(child) for child in element if child.tag == "Parameter"),
            self._address(callback) if callback else "",
        )

    def _dial(self, element: Element) -> Dial:
        number = (element.text or "").strip()
        targets = [("Number", number)] if number else []
        targets += [(noun.tag, _words(noun)) for noun in element]
        if not targets:
            raise Refused(Code.BAD_SCHEMA, "<Dial> names nobody")
        rooms = [self._conference(noun) for noun in element if noun.tag == "Conference"]
        if rooms and len(targets) > 1:
            raise Refused(Code.BAD_SCHEMA, "<Dial> holds a <Conference> beside something else")
        conference = rooms[0] if rooms else None
        return Dial(tuple(targets), self._action(element), _method(element), conference)

    def _conference(self, element: Element) -> Conference:
        room = _words(element)
        if not room:
            raise Refused(Code.BAD_SCHEMA, "<Conference> has no name")
        wait = element.get("waitUrl", "").strip()
        callback = element.get("statusCallback", "").strip()
        return Conference(
            room,
            starts=_truth(element, "startConferenceOnEnter", default=True),
            ends=_truth(element, "endConferenceOnExit", default=False),
            beep=element.get("beep", "true"),
            wait_url=self._address(wait) if wait else "",
            wait_method="GET" if element.get("waitMethod", "").upper() == "GET" else "POST",
            status_callback=self._address(callback) if callback else "",
            events=tuple(element.get("statusCallbackEvent", "").split()),
            most=int(_number(element, "maxParticipants", 250)),
        )

    def _gather(self, element: Element) -> Gather:
        prompts = [_prompt(child) for child in element]
        return Gather(
            tuple(prompt for prompt in prompts if prompt is not None),
            self._action(element) or self._base,
            _method(element),
            digits=int(_number(element, "numDigits", 0)),
            finish=element.get("finishOnKey", "#"),
            timeout=_number(element, "timeout", 5),
        )


def _media_address(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:
        raise Refused(Code.STREAM_URL, f"<Stream url={url!r}> is no address")
    if parts.query:
        raise Refused(Code.STREAM_URL, "<Stream url> must not have a query string")
    if parts.scheme != "wss" and not (parts.scheme == "ws" and is_loopback(url)):
        raise Refused(Code.STREAM_SCHEME, f"<Stream url> starts with {parts.scheme}, expected wss")
    return url


def _parameter(element: Element) -> tuple[str, str]:
    name, value = element.get("name", ""), element.get("value", "")
    if not name:
        raise Refused(Code.BAD_SCHEMA, "<Parameter> has no name")
    if len(name) + len(value) >= LONGEST_PARAMETER:
        raise Refused(
            Code.BAD_SCHEMA, f"<Parameter name={name!r}> is {len(name) + len(value)} characters"
        )
    return name, value


def _prompt(element: Element) -> Say | Play | Pause | None:
    match element.tag:
        case "Say":
            return Say(_words(element), element.get("language", ""))
        case "Play":
            return Play(_words(element))
        case "Pause":
            return Pause(_number(element, "length", 1))
    return None


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _method(element: Element) -> str:
    return "GET" if element.get("method", "POST").upper() == "GET" else "POST"


def _truth(element: Element, name: str, *, default: bool) -> bool:
    value = element.get(name, "").lower()
    if value not in {"", "true", "false"}:
        raise Refused(
            Code.BAD_SCHEMA, f"<{element.tag} {name}={value!r}> is neither true nor false"
        )
    return value == "true" if value else default


def _number(element: Element, name: str, default: float) -> float:
    value = element.get(name)
    try:
        return default if value is None else max(0.0, float(value))
    except ValueError as error:
        raise Refused(
            Code.BAD_SCHEMA, f"<{element.tag} {name}={value!r}> is not a number"
        ) from error
