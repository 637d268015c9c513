"""The documents that Twilio carries out."""

from xml.etree import ElementTree as ET

import pytest

from agent.line import twiml
from agent.line.twiml import Coming, Said


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
    connect, following = document
    assert connect.tag == "Connect"
    assert (following.tag, following.text) == ("Redirect", f"{public}/twilio/stream-ended")
    assert connect.get("action") == f"{public}/twilio/stream-ended"
    [opened] = connect
    assert (opened.tag, opened.get("url")) == ("Stream", stream)
    [parameter] = opened
    assert parameter.tag == "Parameter"
    assert (parameter.get("name"), parameter.get("value")) == ("token", "a-token")


def test_a_stream_carries_the_number_called_and_that_a_caller_comes_back() -> None:
    document = ET.fromstring(
        twiml.connect("https://a.example", "t", called="+15550100", coming=Coming(""))
    )
    parameters = {one.get("name"): one.get("value") for one in document.iter("Parameter")}
    assert parameters == {"token": "t", "called": "+15550100", "again": "1", "back": ""}


def test_a_colleague_is_told_before_anything_follows() -> None:
    told = [twiml.Said("A call.", "en"), twiml.Said("Quiere pagar.", "es")]
    first, second, then = ET.fromstring(twiml.announce(told, "https://a.example/join?a=1&b=2"))
    assert (first.text, first.get("language")) == ("A call.", "en-US")
    assert (second.text, second.get("language")) == ("Quiere pagar.", "es-MX")
    assert (then.tag, then.text) == ("Redirect", "https://a.example/join?a=1&b=2")


def test_a_conference_of_two_ends_with_either_of_them() -> None:
    text = twiml.confer("room", starts=False, wait="https://a/wait?x", action="https://a/over?x")
    dial, hangup = ET.fromstring(text)
    [conference] = dial
    assert (dial.get("action"), hangup.tag) == ("https://a/over?x", "Hangup")
    assert conference.text == "room"
    assert dict(conference.attrib) == {
        "beep": "false",
        "startConferenceOnEnter": "false",
        "endConferenceOnExit": "true",
        "maxParticipants": "2",
        "waitUrl": "https://a/wait?x",
        "waitMethod": "POST",
    }


def test_a_pause_and_a_redirect_go_on_elsewhere() -> None:
    pause, then = ET.fromstring(twiml.pause(5, "https://a/wait"))
    assert (pause.tag, pause.get("length"), then.text) == ("Pause", "5", "https://a/wait")
    [redirect] = ET.fromstring(twiml.redirect("https://a/back"))
    assert (redirect.tag, redirect.text, redirect.get("method")) == (
        "Redirect", "https://a/back", "POST",
    )  # fmt: skip


def test_hanging_up_is_all_that_is_said() -> None:
    assert [verb.tag for verb in ET.fromstring(twiml.hangup())] == ["Hangup"]


@pytest.mark.parametrize(("language", "spoken"), [("en", "en-US"), ("es", "es-MX"), ("de", "de")])
def test_twilio_speaks_the_callers_language_and_hangs_up(language: str, spoken: str) -> None:
    say, hangup = ET.fromstring(twiml.say_and_hangup(Said("Adiós & <hasta luego>", language)))
    assert (say.tag, say.text, say.get("language")) == ("Say", "Adiós & <hasta luego>", spoken)
    assert hangup.tag == "Hangup"
