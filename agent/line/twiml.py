"""The documents that Twilio carries out: https://www.twilio.com/docs/voice/twiml."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twilio.twiml.voice_response import VoiceResponse

RING = 30
"""Seconds that a number rings which is dialled in place of the agent."""
SPOKEN_BY_TWILIO = {"en": "en-US", "es": "es-MX"}
"""Twilio's names for languages of `<Say>`."""


def connect(
    public: str,
    token: str,
    *,
    called: str = "",
    caller: str = "",
    coming: "Coming | None" = None,
) -> str:
    """Opens the media stream; when it ends, the call goes on at /twilio/stream-ended.

    `public`: root of the service, whose http:// (loopback only) becomes ws://. `called`: our own
    number, which the call came in at. `caller`: as `knowledge.callers` names them. `coming`: to a
    further stream of the call.
    """
    response: Any = VoiceResponse()
    connection = response.connect(action=f"{public}/twilio/stream-ended", method="POST")
    stream = connection.stream(url=f"ws{public.removeprefix('http')}/twilio/media")
    # Twilio does not say whether the action or the next verb follows a connection that is cut
    response.redirect(f"{public}/twilio/stream-ended", method="POST")
    stream.parameter(name="token", value=token)
    if called:
        stream.parameter(name="called", value=called)
    if caller:
        stream.parameter(name="caller", value=caller)
    for name, value in coming.parameters if coming is not None else ():
        stream.parameter(name=name, value=value)
    return str(response)


@dataclass(frozen=True, slots=True)
class Coming:
    """From where a caller comes to a further stream."""

    back: str | None = None
    """The department to which a transfer failed after the caller had left the stream ("": any)."""
    said: int = 0
    """How often Twilio has spoken in our place."""
    moved: bool = False
    """From another worker, in a pause."""

    @property
    def parameters(self) -> Sequence[tuple[str, str]]:
        """Of the stream; `again` says that it is not the call's first one."""
        told = (
            ("again", "1"),
            ("back", self.back),
            ("said", str(self.said) if self.said else None),
            ("moved", "1" if self.moved else None),
        )
        return [(name, value) for name, value in told if value is not None]


@dataclass(frozen=True, slots=True)
class Said:
    """Words for Twilio's own voice. `language`: ISO 639-1."""

    text: str
    language: str


def announce(texts: Sequence[Said], then: str) -> str:
    """Spoken to a colleague who has answered; `then` is asked what follows."""
    response: Any = VoiceResponse()
    _say(response, texts)
    response.redirect(then, method="POST")
    return str(response)


def confer(room: str, *, starts: bool, wait: str, action: str = "") -> str:
    """Into a conference of two that ends when either leaves it, and then to `action`.

    `starts`: whether it may begin with this one. `wait` is asked what is heard until then.
    """
    response: Any = VoiceResponse()
    more = {"action": action, "method": "POST"} if action else {}
    response.dial(**more).conference(
        room,
        beep="false",
        start_conference_on_enter=starts,
        end_conference_on_exit=True,
        wait_url=wait,
        wait_method="POST",
        max_participants=2,
    )
    response.hangup()
    return str(response)


def pause(seconds: int, then: str) -> str:
    """Silence, after which `then` is asked."""
    response: Any = VoiceResponse()
    response.pause(length=seconds)
    response.redirect(then, method="POST")
    return str(response)


def redirect(url: str) -> str:
    response: Any = VoiceResponse()
    response.redirect(url, method="POST")
    return str(response)


def hangup() -> str:
    response: Any = VoiceResponse()
    response.hangup()
    return str(response)


def say_and_hangup(*texts: Said) -> str:
    """Twilio's own voice, for when ours cannot be heard."""
    response: Any = VoiceResponse()
    _say(response, texts)
    response.hangup()
    return str(response)


def dial(texts: Sequence[Said], number: str, *, caller_id: str, action: str) -> str:
    """To one of our own numbers; `action` is asked what follows. `caller_id`: "" for the
    caller's."""
    response: Any = VoiceResponse()
    _say(response, texts)
    more = {"caller_id": caller_id} if caller_id else {}
    response.dial(action=action, method="POST", timeout=RING, **more).number(number)
    return str(response)


def enqueue(texts: Sequence[Said], queue: str) -> str:
    """Waits in a queue of the account until somebody takes the call out of it."""
    response: Any = VoiceResponse()
    _say(response, texts)
    response.enqueue(queue)
    return str(response)


def reject() -> str:
    """The busy tone: the call is never answered, and costs nothing."""
    response: Any = VoiceResponse()
    response.reject(reason="busy")
    return str(response)


def say_and_return(text: Said, then: str) -> str:
    """Twilio's own voice, and then to `then`, where the call goes on."""
    response: Any = VoiceResponse()
    _say(response, [text])
    response.redirect(then, method="POST")
    return str(response)


def _say(response: Any, texts: Sequence[Said]) -> None:
    for said in texts:
        language = SPOKEN_BY_TWILIO.get(said.language, said.language)
        response.say(said.text, language=language)
