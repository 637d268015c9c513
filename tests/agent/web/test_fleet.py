"""The fleet through the API: who is there, the switch, commands to calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI

from agent.fleet.commands import Answer, Command, Commands
from agent.fleet.feed import Feed
from agent.fleet.fleet import Fleet
from agent.fleet.identity import identity
from agent.web.doors import Doors
from agent.web.keys import Gate, Keys
from agent.web.limit import Limits
from agent.web.routes import fleet as routes
from agent.web.routes.fleet import Control
from agent.web.server import listen, running
from knowledge.events import Began

pytestmark = pytest.mark.wire
ADMIN, VIEWER = "open-sesame", "just-looking"


@dataclass(slots=True)
class Site:
    url: str
    session: aiohttp.ClientSession
    fleet: Fleet
    feed: Feed
    obeyed: list[Command] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, body: object = None, key: str = ADMIN
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        json = {} if body is None else {"json": body}
        async with self.session.request(
            method, self.url + path, headers=headers, **json
        ) as response:
            return response.status, await response.json()


@asynccontextmanager
async def fleet_site(departments: tuple[str, ...] = ("claims",)) -> AsyncIterator[Site]:
    worker = identity(1)
    fleet, feed = Fleet(None, worker, most=5), Feed(None, worker)

    def obey(command: Command) -> Answer:
        site.obeyed.append(command)
        return Answer.UNFIT if command.call == "CAending" else Answer.DONE

    app = FastAPI()
    gate = Gate(Keys.of(f"admin:{ADMIN},viewer:{VIEWER}"), Limits())
    app.include_router(
        routes.routes(gate, Control(fleet, Commands(fleet, None, obey), feed, departments))
    )
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with running(app, Doors(), listener), aiohttp.ClientSession() as session:
        site = Site(url, session, fleet, feed)
        yield site


async def test_a_running_call_is_ended_or_put_through_by_an_admin() -> None:
    async with fleet_site() as site, site.fleet.having("CA1"), site.fleet.having("CAending"):
        assert (await site.ask("POST", "/api/calls/CA1/end", {}))[0] == 200
        whereto = {"department": "claims"}
        assert (await site.ask("POST", "/api/calls/CA1/transfer", whereto))[0] == 200
        assert (await site.ask("POST", "/api/calls/CAending/end", {}))[0] == 409
        assert (await site.ask("POST", "/api/calls/CA2/end", {}))[0] == 404
        assert (await site.ask("POST", "/api/calls/CA1/end", {}, VIEWER))[0] == 403
        assert (await site.ask("POST", "/api/calls/a%20b/end", {}))[0] == 422
        status, told = await site.ask("POST", "/api/calls/CA1/transfer", {"department": "x"})
        assert (status, told["detail"]["field"]) == (422, "department")
        done = [(one.call, one.wish, one.department) for one in site.obeyed]
    assert done == [("CA1", "end", ""), ("CA1", "transfer", "claims"), ("CAending", "end", "")]


async def test_the_switch_is_an_admins_and_wants_somebody_to_go_to() -> None:
    async with fleet_site() as site:
        assert (await site.ask("POST", "/api/fleet/people", {"on": True}, VIEWER))[0] == 403
        assert await site.ask("POST", "/api/fleet/people", {"on": True}) == (200, {"people": True})
        assert site.fleet.people
        assert (await site.ask("GET", "/api/fleet", key=VIEWER))[1]["people"] is True
        await site.ask("POST", "/api/fleet/people", {"on": False})
        assert not site.fleet.people
    async with fleet_site(departments=()) as site:
        assert (await site.ask("POST", "/api/fleet/people", {"on": True}))[0] == 409
        assert not site.fleet.people


async def test_who_looks_on_sees_the_workers_and_what_happens() -> None:
    async with fleet_site() as site, site.fleet.having("CA1"):
        status, told = await site.ask("GET", "/api/fleet", key=VIEWER)
        worker = site.fleet.worker
        assert (status, told["workers"], told["places_taken"]) == (200, {worker: 5}, 1)
        site.feed.record(Began("CA1", resumed=False))
        _, first = await site.ask("GET", "/api/events", key=VIEWER)
        [event] = first["events"]
        assert (event["event"]["kind"], event["event"]["call"]) == ("Began", "CA1")
        assert (await site.ask("GET", f"/api/events?after={event['id']}"))[1] == {"events": []}
        assert (await site.ask("GET", "/api/events?after=x"))[0] == 422
