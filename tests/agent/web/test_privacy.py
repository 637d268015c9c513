"""`POST /api/privacy/erase`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest

from agent.erasing import NoCall, Order, Place, Report
from agent.web.keys import Gate, Keys
from agent.web.limit import Limits
from knowledge.callers import NoNumber
from tests.agent.web.conftest import Worker, worker

pytestmark = pytest.mark.wire

CHIEF = {"Authorization": "Bearer open-sesame"}
VIEWER = {"Authorization": "Bearer just-looking"}


class Eraser:
    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.done = True

    async def __call__(self, order: Order) -> Report:
        if order.call == "-":
            raise NoCall("expected a CallSid")
        if order.caller == "me":
            raise NoNumber("expected a number")
        self.orders.append(order)
        return Report(self.done, 2, (Place("journal", "done", 7),), 0.1)


@asynccontextmanager
async def service(eraser: Eraser) -> AsyncIterator[Worker]:
    gate = Gate(Keys.of("admin:open-sesame,viewer:just-looking"), Limits())
    async with worker(gate=gate, erase=eraser) as site:
        yield site


async def send(
    site: Worker, body: object, headers: dict[str, str]
) -> tuple[int, dict[str, object]]:
    async with site.session.post(
        f"{site.url}/api/privacy/erase", json=body, headers=headers
    ) as response:
        return response.status, orjson.loads(await response.read())


async def test_an_admin_erases_and_is_told_where() -> None:
    eraser = Eraser()
    async with service(eraser) as site:
        status, told = await send(site, {"caller": "+34600111222"}, CHIEF)
        assert (status, told["done"], told["calls"]) == (200, True, 2)
        assert told["places"] == [{"place": "journal", "state": "done", "erased": 7, "why": ""}]
        await send(site, {"call": "CA1", "dry_run": True}, CHIEF)
    assert eraser.orders == [
        Order("admin", caller="+34600111222"),
        Order("admin", call="CA1", dry_run=True),
    ]


async def test_what_was_not_done_is_to_be_sent_again() -> None:
    eraser = Eraser()
    eraser.done = False
    async with service(eraser) as site:
        status, told = await send(site, {"caller": "+34600111222"}, CHIEF)
        assert (status, told["done"]) == (503, False)


async def test_nobody_else_erases() -> None:
    eraser = Eraser()
    async with service(eraser) as site:
        assert (await send(site, {"call": "CA1"}, VIEWER))[0] == 403
        assert (await send(site, {"call": "CA1"}, {"Authorization": "Bearer guessed"}))[0] == 401
    assert eraser.orders == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"caller": "+34600111222", "call": "CA1"}, ""),
        ({"caller": "me"}, "caller"),
        ({"call": "-"}, "call"),
        ({"caller": 34600111222}, "caller"),
        ({"number": "+34600111222"}, "number"),
    ],
)
async def test_a_wrong_wish_is_refused_by_its_field(body: dict[str, object], field: str) -> None:
    async with service(Eraser()) as site:
        status, told = await send(site, body, CHIEF)
    assert status == 422
    detail = told["detail"]
    assert isinstance(detail, dict)
    assert detail["field"] == field
    assert "600111" not in str(told)


async def test_the_stream_is_told_who_calls_unless_the_number_is_withheld() -> None:
    async with worker(recognise=lambda number: f"name-of-{number[1:]}" if number else "") as site:
        form = {"CallSid": "CA1", "From": "+34600111222", "To": "+15550101"}
        _, text = await site.post("/twilio/voice", form)
        assert 'name="caller" value="name-of-34600111222"' in text
        _, text = await site.post("/twilio/voice", {"CallSid": "CA2", "From": ""})
        assert 'name="caller"' not in text
