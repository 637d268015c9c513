"""The documents that Twilio carries out: https://www.twilio.com/docs/voice/twiml."""

from typing import Any

from twilio.twiml.voice_response import VoiceResponse

SPOKEN_BY_TWILIO = {"en": "en-US", "es": "es-MX"}
"""Twilio's names for languages of `<Say>`."""


def connect(public: str, token: str) -> str:
    """Opens the media stream; when it ends, the call goes on at /twilio/stream-ended.

    `public`: root of the service, whose http:// (loopback only) becomes ws://.
    """
    response: Any = VoiceResponse()
    connection = response.connect(action=f"{public}/twilio/stream-ended", method="POST")
    stream = connection.stream(url=f"ws{public.removeprefix('http')}/twilio/media")
    stream.parameter(name="token", value=token)
    return str(response)


def hangup() -> str:
    response: Any = VoiceResponse()
    response.hangup()
    return str(response)


def say_and_hangup(text: str, language: str) -> str:
    """Twilio's own voice, for when ours cannot be heard. `language`: ISO 639-1."""
    response: Any = VoiceResponse()
    response.say(text, language=SPOKEN_BY_TWILIO.get(language, language))
    response.hangup()
    return str(response)
