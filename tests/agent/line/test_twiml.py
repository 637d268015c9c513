"""The documents that Twilio carries out."""

from xml.etree import ElementTree as ET

import pytest

from agent.line import twiml


@pytest.mark.parametrize(
    ("public", "stream"),
    [
        ("https://phone.example.com", "wss://phone.example.com/twilio/media"),
        ("https://example.com/line", "wss://example.com/line/twilio/media"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/twilio/media"),
    ],
)
def test_a_stream_is_opened_with_its_token_and_an_address_for_its_end(
    public: str, stream: str
) -> None:
    document = ET.fromstring(twiml.connect(public, "a-token"))
    [connect] = document
    assert connect.tag == "Connect"
    assert connect.get("action") == f"{public}/twilio/stream-ended"
    [opened] = connect
    assert (opened.tag, opened.get("url")) == ("Stream", stream)
    [parameter] = opened
    assert parameter.tag == "Parameter"
    assert (parameter.get("name"), parameter.get("value")) == ("token", "a-token")


def test_hanging_up_is_all_that_is_said() -> None:
    assert [verb.tag for verb in ET.fromstring(twiml.hangup())] == ["Hangup"]


@pytest.mark.parametrize(("language", "spoken"), [("en", "en-US"), ("es", "es-MX"), ("de", "de")])
def test_twilio_speaks_the_callers_language_and_hangs_up(language: str, spoken: str) -> None:
    say, hangup = ET.fromstring(twiml.say_and_hangup("Adiós & <hasta luego>", language))
    assert (say.tag, say.text, say.get("language")) == ("Say", "Adiós & <hasta luego>", spoken)
    assert hangup.tag == "Hangup"
