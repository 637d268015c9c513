"""Twilio's messages, good and broken: nothing raises."""

import base64
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.line.protocol import (
    Bad,
    Connected,
    Digit,
    Mark,
    Media,
    Sentences,
    Start,
    Stop,
    decodable,
    mulaw,
    parse,
    pcm,
)

START = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "accountSid": "AC0",
        "streamSid": "MZ1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": "t"},
    },
    "streamSid": "MZ1",
}


def test_the_messages_of_a_call_are_read() -> None:
    assert parse('{"event":"connected","protocol":"Call","version":"1.0.0"}') == Connected()
    start = parse(json.dumps(START))
    assert isinstance(start, Start)
    assert (start.call, start.stream, start.parameters) == ("CA1", "MZ1", {"token": "t"})
    assert decodable(start)
    payload = base64.b64encode(b"\xff" * 160).decode()
    media = {"event": "media", "media": {"track": "inbound", "payload": payload}}
    assert parse(json.dumps(media)) == Media(b"\xff" * 160)
    assert parse('{"event":"dtmf","dtmf":{"digit":"#"}}') == Digit("#")
    assert parse('{"event":"mark","mark":{"name":"a"}}') == Mark("a")
    assert parse('{"event":"stop","stop":{"callSid":"CA1"}}') == Stop()


def test_a_stream_in_another_format_is_told_apart() -> None:
    message = json.loads(json.dumps(START))
    message["start"]["mediaFormat"]["sampleRate"] = "16000"
    start = parse(json.dumps(message))
    assert isinstance(start, Start)
    assert not decodable(start)


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "[]", "1", "null", '"x"', "{}", '{"event":7}', '{"event":[]}',
        '{"event":"media"}', '{"event":"stop"}', '{"event":"stop","stop":"now"}',
        '{"event":"media","media":{"payload":""}}',
        '{"event":"media","media":[]}', '{"event":"media","media":null}',
        '{"event":"media","media":{"payload":7}}', '{"event":"media","media":{"payload":"a"}}',
        '{"event":"media","media":{"payload":"é"}}', '{"event":"dtmf","dtmf":null}',
        '{"event":"dtmf","dtmf":{"digit":"12"}}', '{"event":"mark","mark":{"name":7}}',
        '{"event":"start"}', '{"event":"start","start":[]}',
        '{"event":"start","start":{"callSid":7,"streamSid":"MZ"}}',
        '{"event":"start","start":{"callSid":"CA","streamSid":"MZ","mediaFormat":[1]}}',
        '{"event":"start","start":{"callSid":"CA","streamSid":"MZ","mediaFormat":{"sampleRate":[]}}}',
        "[" * 100_000, '{"event":' + "9" * 5000 + "}",
        json.dumps({"event": "media", "media": {"payload": "AAAA" * 3000}}),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_raises_nothing(text: str) -> None:
    assert isinstance(parse(text), Bad)


@pytest.mark.parametrize("sid", ["MZ2", "mz1", "", 7, None])
def test_what_names_another_stream_is_none_of_ours(sid: object) -> None:
    for text in ('{"event":"stop","stop":{}', '{"event":"dtmf","dtmf":{"digit":"0"}'):
        message = f'{text},"streamSid":{json.dumps(sid)}}}'
        assert parse(message, "MZ1") == Bad("of another stream")
        assert not isinstance(parse(f"{text}}}", "MZ1"), Bad)
        assert not isinstance(parse(f'{text},"streamSid":"MZ1"}}', "MZ1"), Bad)


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    parse(data)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["event", "media", "payload", "start", "mark", "name", "dtmf", "digit", "callSid",
                 "streamSid", "mediaFormat", "sampleRate", "customParameters"]
            ),
            children | st.sampled_from(["media", "start", "mark", "dtmf", "stop", "connected"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150)
@given(_json)
def test_no_json_raises(message: object) -> None:
    parse(orjson.dumps(message))


def test_what_is_sent_is_what_twilio_takes() -> None:
    say = Sentences('MZ"1')
    media = json.loads(say.media(b"\x00\x01\x02"))
    assert media["streamSid"] == 'MZ"1'
    assert base64.b64decode(media["media"]["payload"]) == b"\x00\x01\x02"
    assert json.loads(say.mark("a.1")) == {
        "event": "mark", "streamSid": 'MZ"1', "mark": {"name": "a.1"},
    }  # fmt: skip
    assert json.loads(say.clear) == {"event": "clear", "streamSid": 'MZ"1'}


def test_mu_law_goes_both_ways() -> None:
    loud = (12345).to_bytes(2, "little", signed=True) * 160
    back = pcm(mulaw(loud))
    assert len(back) == 320
    assert abs(int.from_bytes(back[:2], "little", signed=True) - 12345) < 400
    assert len(mulaw(b"\0\0\0")) == 1
