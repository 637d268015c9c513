"""TwiML: what is understood, what Twilio refuses."""

import pytest

from agent.simulators.twilio.document import (
    Conference,
    Connect,
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Say,
    Stream,
    Verb,
    read,
)
from agent.simulators.twilio.notices import Code, Refused

BASE = "https://agent.example/twilio/voice"


def verbs(inside: str) -> tuple[Verb, ...]:
    return read(f"<?xml version='1.0'?><Response>{inside}</Response>", base=BASE).verbs


def connect(stream: str) -> str:
    return f"<Connect><Stream {stream}/></Connect>"


@pytest.mark.parametrize(
    ("twiml", "expected"),
    [
        (
            '<Say language="es-ES">Un  <emphasis>momento</emphasis></Say>',
            Say("Un momento", "es-ES"),
        ),
        ("<Play>https://a.example/x.wav</Play>", Play("https://a.example/x.wav")),
        ("<Pause/>", Pause(1.0)),
        ('<Pause length="3"/>', Pause(3.0)),
        ("<Hangup/>", Hangup()),
        ("<Reject/>", Hangup()),
        ("<Redirect>next</Redirect>", Redirect("https://agent.example/twilio/next")),
        (
            '<Redirect method="get">https://a.example/n</Redirect>',
            Redirect("https://a.example/n", "GET"),
        ),
        ("<Dial>+15550100</Dial>", Dial((("Number", "+15550100"),))),
        (
            '<Dial action="/done"><Conference>room</Conference></Dial>',
            Dial(
                (("Conference", "room"),),
                "https://agent.example/done",
                conference=Conference("room"),
            ),
        ),
        (
            '<Dial><Conference startConferenceOnEnter="false" endConferenceOnExit="true"'
            ' beep="false" waitUrl="/wait" statusCallback="/room" statusCallbackEvent="join end"'
            ' maxParticipants="2">room</Conference></Dial>',
            Dial(
                (("Conference", "room"),),
                conference=Conference(
                    "room",
                    starts=False,
                    ends=True,
                    beep="false",
                    wait_url="https://agent.example/wait",
                    status_callback="https://agent.example/room",
                    events=("join", "end"),
                    most=2,
                ),
            ),
        ),
        (
            '<Gather numDigits="1" timeout="2" action="/keys"><Say>Press</Say></Gather>',
            Gather((Say("Press"),), "https://agent.example/keys", digits=1, timeout=2.0),
        ),
        (
            '<Connect action="/twilio/stream-ended"><Stream url="wss://agent.example/media">'
            '<Parameter name="token" value="t"/></Stream></Connect>',
            Connect(
                Stream("wss://agent.example/media", {"token": "t"}),
                "https://agent.example/twilio/stream-ended",
            ),
        ),
    ],
)
def test_a_verb_is_read(twiml: str, expected: Verb) -> None:
    assert verbs(twiml) == (expected,)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (connect('url="ws://agent.example/media"'), Code.STREAM_SCHEME),
        (connect('url="https://agent.example/media"'), Code.STREAM_SCHEME),
        (connect('url="wss://agent.example/media?token=1"'), Code.STREAM_URL),
        (connect('url="/media"'), Code.STREAM_URL),
        (connect('url="wss://a.example/" track="both_tracks"'), Code.BAD_SCHEMA),
        ("<Connect/>", Code.BAD_SCHEMA),
        ("<Start><Stream url='wss://a.example/'/></Start>", Code.BAD_SCHEMA),
        ("<Dial/>", Code.BAD_SCHEMA),
        ("<Dial><Conference/></Dial>", Code.BAD_SCHEMA),
        ("<Dial><Conference>r</Conference><Number>+15550100</Number></Dial>", Code.BAD_SCHEMA),
        (
            "<Dial><Conference beep='' startConferenceOnEnter='no'>r</Conference></Dial>",
            Code.BAD_SCHEMA,
        ),
        ('<Pause length="long"/>', Code.BAD_SCHEMA),
        (
            f"<Connect><Stream url='wss://a.example/'><Parameter name='n' value='{'v' * 499}'/>"
            "</Stream></Connect>",
            Code.BAD_SCHEMA,
        ),
    ],
)
def test_what_twilio_refuses(inside: str, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        verbs(inside)
    assert refused.value.code is code


@pytest.mark.parametrize(
    "text", ["", "hello", "<Response>", "<Answer/>", "<!DOCTYPE r><Response/>"]
)
def test_what_is_no_twiml(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text, base=BASE)
    assert refused.value.code is Code.BAD_DOCUMENT


def test_a_stream_on_loopback_may_do_without_tls() -> None:
    (verb,) = verbs(connect('url="ws://127.0.0.1:8080/media"'))
    assert isinstance(verb, Connect)


def test_a_parameter_of_499_characters_is_taken() -> None:
    (verb,) = verbs(
        "<Connect><Stream url='wss://a.example/'>"
        f"<Parameter name='n' value='{'v' * 498}'/></Stream></Connect>"
    )
    assert isinstance(verb, Connect)


def test_an_unknown_verb_is_skipped() -> None:
    document = read("<Response><Sing>la</Sing><Hangup/></Response>", base=BASE)
    assert (document.verbs, document.skipped) == ((Hangup(),), ("Sing",))


def test_an_update_must_name_whole_addresses() -> None:
    with pytest.raises(Refused) as refused:
        read("<Response><Redirect>/next</Redirect></Response>", base="")
    assert refused.value.code is Code.RELATIVE_ACTION
