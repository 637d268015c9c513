"""Who gets a media stream."""

import asyncio
import logging
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from knowledge.events import Malformed
from tests.agent.web.conftest import CONNECTED, Worker, begin, start, until, worker

pytestmark = pytest.mark.wire


async def refusal(site: Worker, signature: str | None = None) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with site.dial(signature):
            pass
    return refused.value.response.status_code


async def closing(site: Worker, *messages: str | bytes) -> int:
    """The code with which the worker closes after these messages."""
    async with site.dial() as socket:
        with suppress(ConnectionClosed):
            for message in messages:
                await socket.send(message)
        await asyncio.wait_for(socket.wait_closed(), 30)
        return socket.close_code or 0


async def test_a_signed_upgrade_and_a_valid_token_are_a_call(site: Worker) -> None:
    token = await site.token("CA1")
    async with site.dial() as socket:
        await begin(socket, "CA1", token)
        await socket.send("hello")
        assert await socket.recv() == "hello"
        assert site.doors.calls == 1
    assert [(started.call, started.stream) for started in site.answered] == [("CA1", "MZ1")]
    await until(lambda: site.doors.calls == 0)


async def test_without_its_signature_an_upgrade_is_refused(
    site: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    for signature in ("", "x", "é" * 10):
        assert await refusal(site, signature) == 403
    assert [told.message for told in caplog.records if told.levelno >= logging.ERROR] == []


async def test_a_webhooks_signature_opens_no_stream(site: Worker) -> None:
    assert await refusal(site, site.sign(f"{site.url}/twilio/media")) == 403
    assert await refusal(site, site.sign(f"{site.url}/twilio/voice")) == 403


async def test_a_replayed_token_is_refused_and_the_first_stream_lives_on(site: Worker) -> None:
    token = await site.token("CA1")
    async with site.dial() as first:
        await begin(first, "CA1", token)
        await first.send("still")
        assert await first.recv() == "still"
        assert await closing(site, CONNECTED, start("CA1", token)) == 1008
        await first.send("here")
        assert await first.recv() == "here"
    assert len(site.answered) == 1


async def test_a_fresh_document_opens_a_second_stream_of_the_call(site: Worker) -> None:
    token = await site.token("CA1")
    async with site.dial() as first:
        await begin(first, "CA1", token)
        await until(lambda: len(site.answered) == 1)
        fresh = await site.token("CA1")
        assert fresh != token
        async with site.dial() as second:
            await begin(second, "CA1", fresh)
            await second.send("second")
            assert await second.recv() == "second"


async def test_another_calls_token_is_refused(site: Worker) -> None:
    token = await site.token("CA1")
    for call in ("CA2", "ca1", "CA1 "):
        assert await closing(site, CONNECTED, start(call, token)) == 1008
    assert site.answered == []


async def test_a_made_up_token_is_refused(site: Worker) -> None:
    for token in ("", "x", "A" * 38):
        assert await closing(site, CONNECTED, start("CA1", token)) == 1008


async def test_a_stream_that_never_starts_is_closed_in_time() -> None:
    async with worker(start_deadline=0.05) as site:
        assert await closing(site) == 1008
        assert await closing(site, CONNECTED) == 1008
        await until(lambda: site.doors.calls == 0)


async def test_noise_before_the_start_does_not_put_the_deadline_off() -> None:
    async with worker(start_deadline=0.1) as site, site.dial() as socket:
        with suppress(ConnectionClosed):
            while True:
                await socket.send("[]")
                await asyncio.sleep(0)
        assert socket.close_code == 1008


async def test_malformed_messages_before_the_start_cost_an_event_each(site: Worker) -> None:
    token = await site.token("CA1")
    broken: list[str | bytes] = [
        "{",
        "[]",
        "1",
        '{"event":"start"}',
        '{"event":"start","start":[]}',
        b"\x00\xff",
    ]
    async with site.dial() as socket:
        for message in broken:
            await socket.send(message)
        await begin(socket, "CA1", token)
        await socket.send("and on")
        assert await socket.recv() == "and on"
    assert sum(isinstance(event, Malformed) for event in site.events) == len(broken)


async def test_a_form_that_we_cannot_decode_is_refused_as_such(site: Worker) -> None:
    token = await site.token("CA1")
    message = start("CA1", token, encoding="audio/opus")
    assert await closing(site, CONNECTED, message) == 1003


async def test_a_message_beyond_64_kib_closes_its_socket_only(site: Worker) -> None:
    token = await site.token("CA1")
    async with site.dial() as other:
        await begin(other, "CA1", token)
        assert await closing(site, "x" * (64 * 1024 + 1)) == 1009
        await other.send("undisturbed")
        assert await other.recv() == "undisturbed"


async def test_a_call_that_fails_closes_its_socket_and_nothing_else() -> None:
    async def broken(_websocket: object, _start: object) -> None:
        raise ZeroDivisionError

    async with worker(answer=broken) as site:
        token = await site.token("CA1")
        assert await closing(site, CONNECTED, start("CA1", token)) == 1011
        await until(lambda: site.doors.calls == 0)
        assert (await site.get("/readyz"))[0] == 200


async def test_a_call_that_returns_closes_its_socket() -> None:
    async def brief(_websocket: object, _start: object) -> None:
        return

    async with worker(answer=brief) as site:
        token = await site.token("CA1")
        assert await closing(site, CONNECTED, start("CA1", token)) == 1000


async def test_a_peer_that_goes_before_its_start_leaves_nothing_behind(site: Worker) -> None:
    async with site.dial() as socket:
        await socket.send(CONNECTED)
        await until(lambda: site.doors.calls == 1)
    await until(lambda: site.doors.calls == 0)
    assert site.answered == []


async def test_a_draining_worker_refuses_a_new_stream_and_keeps_the_running_one(
    site: Worker,
) -> None:
    token = await site.token("CA1")
    async with site.dial() as socket:
        await begin(socket, "CA1", token)
        await until(lambda: site.doors.calls == 1)
        site.doors.drain()
        assert await refusal(site) == 503
        await socket.send("still here")
        assert await socket.recv() == "still here"
