"""Twilio's REST interface for running calls: hang up, redirect, look up.

https://www.twilio.com/docs/voice/api/call-resource
"""

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from agent.simulators.server import Behaviour, Fault, Simulator
from agent.simulators.twilio.account import Account

LIVE = {"queued", "ringing", "in-progress"}
CALL = "/2010-04-01/Accounts/{account}/Calls/{call}.json"


class Controlled(Protocol):
    """What an update needs of a call."""

    sid: str
    status: str

    def hang_up(self) -> None: ...
    def redirect(self, *, twiml: str = "", url: str = "", method: str = "POST") -> None: ...


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
        self._calls: dict[str, Controlled] = {}

    def enter(self, call: Controlled) -> None:
        """From now on the call is known, and stays so after it is over."""
        self._calls[call.sid] = call

    def routes(self) -> list[web.RouteDef]:
        return [web.post(CALL, self._post), web.get(CALL, self._get)]

    async def _get(self, request: web.Request) -> web.StreamResponse:
        call = await self._admit(request)
        return call if isinstance(call, web.StreamResponse) else web.json_response(self._view(call))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        call = await self._admit(request)
        if isinstance(call, web.StreamResponse):
            return call
        form = {name: str(value) for name, value in (await request.post()).items()}
        problem = _apply(call, form)
        if problem is not None:
            return problem
        self.updates.append(Update(call.sid, form))
        return web.json_response(self._view(call))

    async def _admit(self, request: web.Request) -> Controlled | web.StreamResponse:
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
        call = self._calls.get(request.match_info["call"])
        if call is None or request.match_info["account"] != self.account.sid:
            return _error(404, 20404, f"The requested resource {request.path} was not found")
        return call

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
            "direction": "inbound",
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{self.account.sid}/Calls/{call.sid}.json",
        }


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
