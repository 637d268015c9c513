"""What Twilio's webhooks get."""

from xml.etree import ElementTree as ET

import aiohttp
import pytest

from agent.line.signature import Signature
from tests.agent.web.conftest import KEY, Worker, worker

pytestmark = pytest.mark.wire

FORM = {"CallSid": "CA1", "From": "+15550100", "To": "+15550101", "Digits": ""}


async def test_a_call_is_answered_with_its_stream(site: Worker) -> None:
    status, text = await site.post("/twilio/voice", FORM)
    connect, _ = ET.fromstring(text)
    assert status == 200
    assert connect.get("action") == f"{site.url}/twilio/stream-ended"
    assert connect[0].get("url") == f"{site.url.replace('http', 'ws')}/twilio/media"


async def test_a_repeated_webhook_gets_the_same_document(site: Worker) -> None:
    assert await site.post("/twilio/voice", FORM) == await site.post("/twilio/voice", FORM)


async def test_a_number_configured_with_a_slash_or_a_query_works(site: Worker) -> None:
    for path in ("/twilio/voice/", "/twilio/voice?tenant=a%20b", "/twilio/voice/?x=1"):
        status, _ = await site.post(path, FORM)
        assert status == 200, path


async def test_after_its_stream_a_call_goes_on_unless_we_ended_it(site: Worker) -> None:
    first = await site.token("CA1")
    again = await site.token("CA1", "/twilio/stream-ended")
    assert again == first, "nobody has redeemed it"
    site.over["CA2"] = "goodbye"
    _, text = await site.post("/twilio/stream-ended", {"CallSid": "CA2"})
    assert [verb.tag for verb in ET.fromstring(text)] == ["Hangup"]


@pytest.mark.parametrize(
    ("status", "outcome"), [("completed", "hung_up"), ("busy", "failed"), ("in-progress", None)]
)
async def test_a_call_is_over_when_twilio_says_so_as_often_as_it_does(
    site: Worker, status: str, outcome: str | None
) -> None:
    for _ in range(3):
        answer = await site.post("/twilio/status", FORM | {"CallStatus": status})
        assert answer == (204, "")
    assert site.over.get("CA1") == outcome


async def test_a_stream_that_ended_because_the_caller_hung_up_is_not_opened_again(
    site: Worker,
) -> None:
    _, text = await site.post("/twilio/stream-ended", FORM | {"CallStatus": "completed"})
    assert [verb.tag for verb in ET.fromstring(text)] == ["Hangup"]
    assert site.over == {"CA1": "hung_up"}


async def test_without_twilios_signature_nothing_is_answered(site: Worker) -> None:
    for path in ("/twilio/voice", "/twilio/stream-ended", "/twilio/status"):
        another = site.sign(site.url + path, {"CallSid": "CA2"})
        for signature in ("", "x", "é", "A" * 5000, another):
            status, text = await site.post(path, FORM, **{"X-Twilio-Signature": signature})
            assert (status, text) == (403, "")
        async with site.session.post(site.url + path, data=FORM) as response:
            assert response.status == 403


async def test_forwarded_headers_change_nothing(site: Worker) -> None:
    elsewhere = site.sign("https://evil.example.com/twilio/voice", FORM)
    forged = {
        "X-Twilio-Signature": elsewhere,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example.com",
        "Host": "evil.example.com",
    }
    status, _ = await site.post("/twilio/voice", FORM, **forged)
    assert status == 403
    kept = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example.com"}
    status, _ = await site.post("/twilio/voice", FORM, **kept)
    assert status == 200


@pytest.mark.parametrize("public", ["https://voice.example.com", "https://voice.ie1.example.com"])
async def test_behind_a_proxy_the_public_address_is_what_is_signed(public: str) -> None:
    async with worker(public=public, signature=Signature(KEY, public)) as site:
        for path in ("/twilio/voice", "/twilio/voice/"):
            for root in (public, f"{public}:443"):
                proof = site.sign(root + path, FORM)
                status, text = await site.post(path, FORM, **{"X-Twilio-Signature": proof})
                assert status == 200, root
                assert f"{public}/twilio/stream-ended" in text
        assert (await site.post("/twilio/voice", FORM))[0] == 403, "the Host header is nobody's"


MALFORMED = [
    b"\xff\xfe",
    b"CallSid",
    b"CallSid=%ff",
    b"CallSid=%",
    b"CallSid=CA1&" + b"&".join(b"n%d=1" % n for n in range(300)),
    b"CallSid=" + b"A" * 70_000,
    b'{"CallSid": "CA1"}',
    b"\x00",
    "CallSid=é".encode(),
    b"",
]


async def test_an_unreadable_body_is_refused_and_no_error_of_ours(site: Worker) -> None:
    url = f"{site.url}/twilio/voice"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": site.sign(url),
    }
    for content in MALFORMED:
        async with site.session.post(url, data=content, headers=headers) as response:
            assert response.status == (403 if content else 400), content[:40]


async def test_a_signed_webhook_without_a_sensible_call_is_refused(site: Worker) -> None:
    for call in ("", "CA 1", "../CA1", "CA1\n", "C" * 65, "é"):
        status, _ = await site.post("/twilio/voice", {"CallSid": call})
        assert status == 400, call


async def test_a_body_that_never_ends_is_refused(site: Worker) -> None:
    async def endless() -> object:
        while True:
            yield b"a" * 16384

    with pytest.raises((aiohttp.ClientError, AssertionError)):
        async with site.session.post(f"{site.url}/twilio/voice", data=endless()) as response:
            assert response.status == 200


async def test_other_methods_and_paths_lead_nowhere(site: Worker) -> None:
    for path in ("/twilio/voice", "/twilio/nowhere", "/docs", "/openapi.json"):
        status, _ = await site.get(path)
        assert status in {404, 405}


async def test_a_draining_worker_takes_no_new_call_and_ends_its_own(site: Worker) -> None:
    with site.doors.call():  # without one it would end
        site.doors.drain()
        assert (await site.post("/twilio/voice", FORM))[0] == 503
        assert (await site.post("/twilio/stream-ended", FORM))[0] == 503
        site.over[FORM["CallSid"]] = "goodbye"
        assert (await site.post("/twilio/stream-ended", FORM))[0] == 200
        assert (await site.post("/twilio/status", FORM))[0] == 204


async def test_the_key_is_in_no_answer() -> None:
    async with worker() as site:
        _, text = await site.post("/twilio/voice", FORM)
        assert KEY not in text
