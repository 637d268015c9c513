"""One webhook of Twilio's: proven by its signature, read, answered. Any doubt is a 403."""

import asyncio
import re
from urllib.parse import parse_qsl

from fastapi import Request, Response
from loguru import logger
from starlette.requests import ClientDisconnect, HTTPConnection

from agent.fleet.arrivals import Way
from agent.line import twiml
from agent.line.signature import HEADER, SETTINGS_HEADER, Form, Signed
from agent.line.twiml import Coming
from agent.web.house import House
from knowledge.events import Refused

LONGEST_BODY = 64 * 1024
"""Bytes of a webhook's form; Twilio sends about 1 KB."""
MOST_FIELDS = 256
BODY_DEADLINE = 5.0
"""Seconds for a webhook's whole body."""
UNPROVEN, TOO_MANY, UNWANTED, UNREADABLE = 403, 429, 503, 400
OVER = {
    "completed": "hung_up",
    "canceled": "hung_up",
    "busy": "failed",
    "failed": "failed",
    "no-answer": "failed",
}
"""Twilio's last words about a call, and what they mean where we have not ended it ourselves."""
WHY = {Way.PERSON: "people", Way.FULL: "full", Way.OFTEN: "often"}
"""As in `Refused`."""
_NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


class Unanswered(Exception):
    """A request that gets a status and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def proven(house: House, request: Request) -> Form:
    """The form. Raises Unanswered where it is not Twilio's, or not even readable."""
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            body = await _body(request)
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except (ClientDisconnect, TimeoutError, ValueError) as error:
        raise Unanswered(UNPROVEN) from error
    form = Form.of(pairs)
    if not house.signature.proves_post(signed(request), form):
        raise Unanswered(unproven(house, request, "webhook without a valid signature"))
    return form


def unproven(house: House, connection: HTTPConnection, what: str) -> int:
    """The status for somebody who is not Twilio; beyond a rate nothing is logged any more."""
    if house.strangers.too_many(connection):
        return TOO_MANY
    address = house.strangers.address(connection)
    logger.bind(path=connection.scope["path"], address=address).warning(what)
    return UNPROVEN


def signed(connection: HTTPConnection) -> Signed:
    return Signed(
        path=connection.scope["path"].rstrip("/"),
        query=connection.scope["query_string"].decode("latin-1"),
        signature=connection.headers.get(HEADER, ""),
        settings=connection.headers.get(SETTINGS_HEADER, ""),
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise ValueError("too long")
    return bytes(body)


def call_of(form: Form) -> str:
    """The CallSid. Raises Unanswered without one."""
    call = form.first("CallSid")
    if not call.isascii() or not call.isalnum() or len(call) > 64:  # noqa: PLR2004
        raise Unanswered(UNREADABLE)
    return call


def told(house: House, form: Form) -> str:
    """The CallSid; a call that is over is told so, as often as Twilio says it."""
    call, outcome = call_of(form), OVER.get(form.first("CallStatus"))
    if outcome is not None:
        house.over(call, outcome)
    return call


def document(text: str) -> Response:
    return Response(text, media_type="application/xml")


async def arrive(house: House, form: Form) -> Response:
    """A call that comes in."""
    if house.doors.refusing:
        return Response(status_code=UNWANTED)
    call, called = call_of(form), form.first("To")
    way = await house.front.arrivals.way(call, form.first("From"))
    if way is Way.AGENT:
        return await _stream(house, form)
    house.emit(Refused(call, WHY[way]))
    if way is Way.PERSON:
        return document(house.front.elsewhere.person(called))
    return document(twiml.reject() if way is Way.OFTEN else house.front.elsewhere.full(called))


async def stream(house: House, form: Form, coming: Coming) -> Response:
    """The next media stream of a call that is on."""
    if house.doors.refusing:
        return Response(status_code=UNWANTED)
    if coming.back is None and house.front.arrivals.people():
        house.front.over(call_of(form))
        return document(house.front.elsewhere.person(form.first("To")))
    await house.front.returns(call_of(form))
    return await _stream(house, form, coming)


async def _stream(house: House, form: Form, coming: Coming | None = None) -> Response:
    token = await house.tokens.issue(call_of(form))
    called = form.first("To")
    called = called if _NUMBER.fullmatch(called) else ""
    caller = house.recognise(form.first("From"))
    return document(twiml.connect(house.public, token, called=called, caller=caller, coming=coming))
