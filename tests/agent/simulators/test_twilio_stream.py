"""Twilio's end of the stream, where a real socket would take minutes to show it."""

from agent.simulators.twilio import Account, Code
from agent.simulators.twilio.clip import SILENCE
from agent.simulators.twilio.document import Stream as StreamVerb
from agent.simulators.twilio.earpiece import Earpiece
from agent.simulators.twilio.stream import BACKLOG, Stream


class Stuck:
    """A socket whose other end has stopped reading."""

    waiting = BACKLOG + 1

    async def send_str(self, _: str) -> None:
        raise AssertionError("nothing more is to be sent")


async def test_an_agent_that_does_not_read_loses_the_callers_speech() -> None:
    warned: list[tuple[Code, str]] = []
    stream = Stream(
        StreamVerb("ws://127.0.0.1/media"),
        Earpiece(),
        call="CA1",
        account=Account(),
        warn=lambda code, detail: warned.append((code, detail)),
    )
    stream._socket = Stuck()  # type: ignore[assignment]
    stream.started = 0.0
    for number in range(3):
        await stream.media(number * 0.02, SILENCE)
    assert [code for code, _ in warned] == [Code.STREAM_OVERFLOW]
    assert stream.report(0.0).packets == 0
