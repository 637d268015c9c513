"""A back office on the wire: customers, their claims, and letters that are sent to them.

What it serves is described in docs/back-office.json (OpenAPI 3.1).
"""

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from agent.simulators.server import Behaviour, Fault, Simulator

Record = dict[str, Any]

RECORDS: dict[str, Record] = {
    "AB-1234567": {
        "date_of_birth": "1980-03-03",
        "policy": {
            "kind": "car insurance",
            "status": "active",
            "valid_until": "2027-06-30",
            "covers": ["liability", "collision", "roadside assistance"],
            "deductible": 500,
            "premium": 64.5,
            "next_payment_on": "2026-12-01",
            "currency": "USD",
        },
        "claims": [
            {
                "number": "C-20417",
                "kind": "collision damage",
                "status": "inspected",
                "reported_on": "2026-09-14",
                "missing": ["the estimate of the workshop"],
                "amount": None,
                "currency": "USD",
            }
        ],
    },
    "CD-7654321": {
        "date_of_birth": "1975-12-24",
        "policy": {
            "kind": "home insurance",
            "status": "active",
            "valid_until": "2027-01-31",
            "covers": ["fire", "water", "burglary"],
            "deductible": 250,
            "premium": 31.0,
            "next_payment_on": "2026-11-15",
            "currency": "USD",
        },
        "claims": [],
    },
}


@dataclass(frozen=True, slots=True)
class Filing(Behaviour):
    """How a back office answers, and may fail in ways of its own."""

    padding: int = 0
    """Bytes of a field that nobody asked for."""


class Office(Simulator):
    """`url` is what BACK_OFFICE_URL takes."""

    def __init__(
        self,
        records: dict[str, Record] | None = None,
        *,
        keys: frozenset[str] | None = None,
        port: int = 0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """`records` by policy number; a test may put anything in. `keys` that are accepted; None:
        any, also none."""
        super().__init__(port=port, behaviour=behaviour or Filing())
        self.records = deepcopy(RECORDS) if records is None else records
        self.asked: list[str] = []
        """What was asked for, as method and path, in order."""
        self.sent: dict[str, str] = {}
        """The documents on their way, by the id of the request."""
        self._keys = keys

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/identify", self._identify),
            web.get("/policies/{policy}", self._policy),
            web.get("/policies/{policy}/claims", self._claims),
            web.post("/policies/{policy}/documents", self._documents),
        ]

    async def _identify(self, request: web.Request) -> web.StreamResponse:
        if (refused := await self._admitted(request)) is not None:
            return refused
        body = await _body(request)
        number, born = body.get("policy_number"), body.get("date_of_birth")
        if not isinstance(number, str) or not isinstance(born, str):
            return _error(422, "policy_number and date_of_birth are wanted")
        known = self.records.get(number)
        return self._answer({"match": known is not None and known["date_of_birth"] == born})

    async def _policy(self, request: web.Request) -> web.StreamResponse:
        return await self._found(request, "policy")

    async def _claims(self, request: web.Request) -> web.StreamResponse:
        return await self._found(request, "claims")

    async def _found(self, request: web.Request, what: str) -> web.StreamResponse:
        if (refused := await self._admitted(request)) is not None:
            return refused
        record = self.records.get(request.match_info["policy"])
        return (
            _error(404, "there is no such policy") if record is None else self._answer(record[what])
        )

    async def _documents(self, request: web.Request) -> web.StreamResponse:
        if (refused := await self._admitted(request)) is not None:
            return refused
        body = await _body(request)
        once = request.headers.get("Idempotency-Key", "")
        if request.match_info["policy"] not in self.records:
            return _error(404, "there is no such policy")
        if not once or not isinstance(body.get("document"), str):
            return _error(422, "document and the header Idempotency-Key are wanted")
        document = self.sent.setdefault(once, body["document"])
        return self._answer({"document": document, "arrives_in_days": 5})

    async def _admitted(self, request: web.Request) -> web.StreamResponse | None:
        """Why this request gets nothing of what it asks for."""
        self.seen.requests += 1
        self.asked.append(f"{request.method} {request.path}")
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        self.seen.keys.append(key)
        await asyncio.sleep(self.behaviour.latency)
        refused = await self.refusal(lambda status: _error(status, "as simulated"))
        if refused is not None:
            return refused
        match self.behaviour.fault:
            case Fault.GARBAGE:
                return web.Response(text="<html>upstream connect error", content_type="text/html")
            case Fault.EMPTY:
                return self._answer({})
            case Fault.DROP | Fault.REFUSE:  # this connection was open before the port was closed
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
        if self._keys is not None and (scheme != "Bearer" or key not in self._keys):
            return _error(401, "this key is not known")
        return None

    def _answer(self, body: object) -> web.Response:
        padding = getattr(self.behaviour, "padding", 0)
        if padding:
            body = {"padding": "x" * padding, "body": body}
        return web.Response(body=orjson.dumps(body), content_type="application/json")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except (orjson.JSONDecodeError, ConnectionResetError):  # or the client has gone
        return {}
    return body if isinstance(body, dict) else {}


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
