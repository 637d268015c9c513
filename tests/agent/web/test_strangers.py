"""Requests that bear no valid signature, and what they cost those that do."""

import pytest
from starlette.requests import HTTPConnection
from websockets.exceptions import InvalidStatus

from agent.web.strangers import Strangers
from tests.agent.web.conftest import Worker, worker


async def knock(site: Worker) -> int:
    headers = {"X-Twilio-Signature": "x"}
    async with site.session.post(f"{site.url}/twilio/voice", headers=headers) as response:
        return response.status


@pytest.mark.wire
async def test_a_crowd_of_strangers_holds_up_nobody_who_has_a_signature() -> None:
    async with worker(strangers=Strangers(rate="2/minute")) as site:
        assert [await knock(site) for _ in range(4)] == [403, 403, 429, 429]
        with pytest.raises(InvalidStatus) as refused:
            async with site.dial("x"):
                pass
        assert refused.value.response.status_code == 429
        token = await site.token("CA1")
        assert token, "Twilio comes from the same address"
        async with site.dial():
            pass


def seen(client: str, *forwarded: str) -> HTTPConnection:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return HTTPConnection({"type": "http", "client": (client, 1), "headers": headers})


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 198.51.100.1, 10.0.0.2",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", ("not an address" * 9,), ("not an address" * 9)[:45]),
    ],
)
def test_a_proxy_is_believed_where_it_is_trusted(
    client: str, forwarded: tuple[str, ...], address: str
) -> None:
    strangers = Strangers(trusted=("10.0.0.0/8",))
    assert strangers.address(seen(client, *forwarded)) == address
