"""Twilio's REST interface for calls: place, hang up, redirect, look up.

https://www.twilio.com/docs/voice/api/call-resource
"""

import asyncio
import base64
import re
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from agent.simulators.server import Behaviour, Fault, Simulator
from agent.simulators.twilio.account import Account, new_sid
from agent.simulators.twilio.outgoing import Order

LIVE = {"queued", "ringing", "in-progress"}
CALLS = "/2010-04-01/Accounts/{account}/Calls.json"
CALL = "/2010-04-01/Accounts/{account}/Calls/{call}.json"
LONGEST_TWIML = 4000
"""Characters of a document that comes with a request."""
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


class Controlled(Protocol):
    """What an update needs of a call."""

    sid: str
    status: str

    def hang_up(self) -> None: ...
    def redirect(self, *, twiml: str = "", url: str = "", method: str = "POST") -> None: ...


class Exchange(Protocol):
    """Who carries the calls that are placed here: `agent.simulators.twilio.Twilio` is one."""

    def place(self, order: Order) -> Controlled: ...


@dataclass(slots=True)
class RestCall:
    """A call that only the REST side knows, for tests of a REST client alone."""

    sid: str
    status: str = "in-progress"
    redirects: list[str] = field(default_factory=list)
    """TwiML or addresses that the call was sent to."""

    def hang_up(self) -> None:
        self.status = "completed"

    def redirect(self, *, twiml: str = "", url: str = "", method: str = "POST") -> None:
        self.redirects.append(twiml or url)


@dataclass(frozen=True, slots=True)
class Update:
    call: str
    fields: dict[str, str]


class TwilioRest(Simulator):
    def __init__(
        self,
        account: Account | None = None,
        *,
        port: int = 0,
        behaviour: Behaviour | None = None,
    ) -> None:
        super().__init__(port=port, behaviour=behaviour or Behaviour(latency=0.0))
        self.account = account or Account()
        self.updates: list[Update] = []
        """Those that were carried out."""
        self.orders: list[Order] = []
        """Calls that were placed."""
        self.numbers: set[str] = set()
        """The account's own numbers: each that a simulated call came in at, and what is added.
        While there is none, any will do."""
        self._calls: dict[str, Controlled] = {}
        self._exchange: Exchange | None = None

    def enter(self, call: Controlled) -> None:
        """From now on the call is known, and stays so after it is over."""
        self._calls[call.sid] = call
        conditions = getattr(call, "conditions", None)
        if conditions is not None:
            self.numbers.add(conditions.called)

    def employ(self, exchange: Exchange) -> None:
        """Who carries calls from now on; without one a placed call rings for ever."""
        self._exchange = exchange

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(CALLS, self._create),
            web.post(CALL, self._post),
            web.get(CALL, self._get),
        ]

    async def _create(self, request: web.Request) -> web.StreamResponse:
        refusal = await self._admit(request)
        if refusal is not None:
            return refusal
        posted = await request.post()
        form = {name: str(value) for name, value in posted.items()}
        problem = _problem(form, self.numbers)
        if problem is not None:
            return problem
        events = [str(event) for event in posted.getall("StatusCallbackEvent", [])]
        order = Order(
            form["To"],
            form["From"],
            form.get("Twiml", ""),
            form.get("Url", ""),
            form.get("Method", "POST"),
            float(form.get("Timeout", "60")),
            form.get("StatusCallback", ""),
            tuple(name for event in events for name in event.split()) or ("completed",),
            form.get("AsyncAmdStatusCallback", "") if form.get("MachineDetection") else "",
        )
        self.orders.append(order)
        placed: Controlled
        if self._exchange is None:
            placed = RestCall(new_sid("CA"), "queued")
        else:
            placed = self._exchange.place(order)
        self._calls[placed.sid] = placed
        return web.json_response(self._view(placed), status=201)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        call = await self._known(request)
        return call if isinstance(call, web.StreamResponse) else web.json_response(self._view(call))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        call = await self._known(request)
        if isinstance(call, web.StreamResponse):
            return call
        form = {name: str(value) for name, value in (await request.post()).items()}
        problem = _apply(call, form)
        if problem is not None:
            return problem
        self.updates.append(Update(call.sid, form))
        return web.json_response(self._view(call))

    async def _known(self, request: web.Request) -> Controlled | web.StreamResponse:
        refusal = await self._admit(request)
        if refusal is not None:
            return refusal
        call = self._calls.get(request.match_info["call"])
        return call or _error(404, 20404, f"The requested resource {request.path} was not found")

    async def _admit(self, request: web.Request) -> web.StreamResponse | None:
        """Why this request gets nothing."""
        self.seen.requests += 1
        self.seen.keys.append(request.headers.get("Authorization", ""))
        await asyncio.sleep(self.behaviour.latency)
        refusal = await self.refusal(_failure)
        if refusal is not None:
            return refusal
        spoilt = await self._spoilt(request)
        if spoilt is not None:
            return spoilt
        if request.headers.get("Authorization") != self._credentials():
            return _error(401, 20003, "Authentication Error - invalid username")
        if request.match_info["account"] != self.account.sid:
            return _error(404, 20404, f"The requested resource {request.path} was not found")
        return None

    async def _spoilt(self, request: web.Request) -> web.StreamResponse | None:
        match self.behaviour.fault:
            case Fault.GARBAGE:
                return web.Response(text="<html>upstream connect error", content_type="text/html")
            case Fault.EMPTY:
                return web.json_response({})
            case Fault.DROP:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
        return None

    def _credentials(self) -> str:
        pair = f"{self.account.sid}:{self.account.token}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    def _view(self, call: Controlled) -> dict[str, object]:
        return {
            "sid": call.sid,
            "account_sid": self.account.sid,
            "status": call.status,
            "direction": getattr(call, "direction", "inbound"),
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{self.account.sid}/Calls/{call.sid}.json",
        }


def _problem(form: dict[str, str], numbers: set[str]) -> web.Response | None:
    """What Twilio does not place a call for."""
    called, caller = form.get("To", ""), form.get("From", "")
    if not called:
        return _error(400, 21201, "No 'To' number is specified")
    if not caller:
        return _error(400, 21213, "Caller phone number is required")
    if not E164.fullmatch(called):
        return _error(400, 21211, f"Invalid 'To' Phone Number: {called}")
    if not E164.fullmatch(caller):
        return _error(400, 21212, f"Invalid 'From' Phone Number: {caller}")
    if numbers and caller not in numbers:
        return _error(400, 21210, f"The source phone number provided, {caller}, is not yours")
    twiml, url = form.get("Twiml", ""), form.get("Url", "")
    if bool(twiml) == bool(url):
        return _error(400, 21205, "Exactly one of Url and Twiml is wanted")
    if len(twiml) > LONGEST_TWIML:
        return _error(400, 20001, f"Twiml is longer than {LONGEST_TWIML} characters")
    addresses = [
        address
        for address in (url, form.get("StatusCallback", ""), form.get("AsyncAmdStatusCallback", ""))
        if address
    ]
    if not all(re.match(r"https?://[^/?#]+", address) for address in addresses):
        return _error(400, 21205, "Url is not a valid URL")
    if not form.get("Timeout", "60").isdecimal() or not 5 <= int(form.get("Timeout", "60")) <= 600:
        return _error(400, 20001, "Timeout is a number of seconds from 5 to 600")
    return None


def _apply(call: Controlled, form: dict[str, str]) -> web.Response | None:
    """The error where the update is not possible."""
    if call.status not in LIVE:
        return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
    status, twiml, url = form.get("Status", ""), form.get("Twiml", ""), form.get("Url", "")
    if twiml and url:
        return _error(400, 20001, "Parameters Twiml and Url are exclusive")
    if status in {"completed", "canceled"}:
        call.hang_up()
    elif status:
        return _error(400, 20001, f"Status {status!r} is not supported")
    elif twiml or url:
        call.redirect(twiml=twiml, url=url, method=form.get("Method", "POST"))
    return None


def _failure(status: int) -> web.Response:
    code = {401: 20003, 429: 20429}.get(status, 20500)
    return _error(status, code, {401: "Authenticate", 429: "Too Many Requests"}.get(status, ""))


def _error(status: int, code: int, message: str) -> web.Response:
    return web.json_response(
        {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
        status=status,
    )
