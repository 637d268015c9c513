"""The media stream's words, and which of the agent's Twilio ignores."""

import orjson
import pytest

from agent.simulators.twilio.messages import Clear, Invalid, Mark, Media, Writer, read

SID = "MZ1"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"event": "media", "media": {"payload": "//8="}}, Media(b"\xff\xff")),
        ({"event": "mark", "mark": {"name": "m"}}, Mark("m")),
        ({"event": "clear"}, Clear()),
    ],
)
def test_what_an_agent_may_send(message: dict[str, object], expected: object) -> None:
    assert read(orjson.dumps({**message, "streamSid": SID}).decode(), stream=SID) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        '{"event":"clear"}',
        '{"event":"clear","streamSid":"MZ2"}',
        '{"event":"sing","streamSid":"MZ1"}',
        '{"event":"media","streamSid":"MZ1"}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":7}}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":"abc"}}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":"&&&&"}}',
        '{"event":"media","streamSid":"MZ1","media":[]}',
        '{"event":"mark","streamSid":"MZ1","mark":{}}',
    ],
)
def test_what_twilio_ignores(text: str) -> None:
    with pytest.raises(Invalid):
        read(text, stream=SID)


def test_every_message_after_connected_is_numbered_with_strings() -> None:
    writer = Writer(stream=SID, call="CA1", account="AC1")
    texts = [
        writer.start({"token": "t"}),
        writer.media("//8=", timestamp=0),
        writer.dtmf("5"),
        writer.media("//8=", timestamp=20),
        writer.mark("m"),
        writer.stop(),
    ]
    messages = [orjson.loads(text) for text in texts]
    assert [message["sequenceNumber"] for message in messages] == ["1", "2", "3", "4", "5", "6"]
    assert all(message["streamSid"] == SID for message in messages)
    assert messages[0]["start"]["customParameters"] == {"token": "t"}
    assert messages[3]["media"] == {
        "track": "inbound",
        "chunk": "2",
        "timestamp": "20",
        "payload": "//8=",
    }
    assert messages[2]["dtmf"] == {"track": "inbound_track", "digit": "5"}
    assert messages[5]["stop"] == {"accountSid": "AC1", "callSid": "CA1"}
