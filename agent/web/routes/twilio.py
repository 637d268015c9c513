"""What Twilio asks for. Any doubt about who asks is a 403; nothing that is sent is a 500."""

import asyncio
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response, WebSocket
from loguru import logger
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.websockets import WebSocketState

from agent.line import twiml
from agent.line.protocol import Bad, Start, decodable, parse
from agent.line.signature import HEADER, SETTINGS_HEADER, Form, Signed
from agent.web.house import House
from knowledge.events import Malformed

LONGEST_BODY = 64 * 1024
"""Bytes of a webhook's form; Twilio sends about 1 KB."""
MOST_FIELDS = 256
BODY_DEADLINE = 5.0
"""Seconds for a webhook's whole body."""
UNPROVEN, UNWANTED, UNREADABLE = 403, 503, 400
POLICY, UNDECODABLE, BROKEN = 1008, 1003, 1011
"""Codes of RFC 6455 with which a media socket is closed."""


OVER = {
    "completed": "hung_up",
    "canceled": "hung_up",
    "busy": "failed",
    "failed": "failed",
    "no-answer": "failed",
}
"""Twilio's last words about a call, and what they mean where we have not ended it ourselves."""


class Refused(Exception):
    """A request that gets a status and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def routes(house: House) -> APIRouter:
    """Each path also with a slash at its end, as numbers are configured by hand."""
    router = APIRouter()

    async def voice(request: Request) -> Response:
        if house.doors.refusing:
            return Response(status_code=UNWANTED)
        call = _call(await _proven(house, request))
        return _document(twiml.connect(house.public, await house.tokens.issue(call)))

    async def stream_ended(request: Request) -> Response:
        return await _reconnect(house, _over(house, await _proven(house, request)))

    async def status(request: Request) -> Response:
        _over(house, await _proven(house, request))
        return Response(status_code=204)

    async def media(websocket: WebSocket) -> None:
        await _media(house, websocket)

    posts = {"/voice": voice, "/stream-ended": stream_ended, "/status": status}
    for path, post in posts.items():
        for form in (path, f"{path}/"):
            router.add_api_route(f"/twilio{form}", post, methods=["POST"], response_model=None)
    for form in ("/twilio/media", "/twilio/media/"):
        router.add_api_websocket_route(form, media)
    return router


async def _reconnect(house: House, call: str) -> Response:
    """A call whose stream is over: the next one, at another worker where this one drains."""
    if house.ended(call):
        return _document(twiml.hangup())
    if house.doors.refusing:
        return Response(status_code=UNWANTED)
    return _document(twiml.connect(house.public, await house.tokens.issue(call)))


def _document(text: str) -> Response:
    return Response(text, media_type="application/xml")


def _call(form: Form) -> str:
    """The CallSid. Raises Refused without one."""
    call = form.first("CallSid")
    if not call.isascii() or not call.isalnum() or len(call) > 64:  # noqa: PLR2004
        raise Refused(UNREADABLE)
    return call


def _over(house: House, form: Form) -> str:
    """The CallSid; a call that is over is told so, as often as Twilio says it."""
    call, outcome = _call(form), OVER.get(form.first("CallStatus"))
    if outcome is not None:
        house.over(call, outcome)
    return call


def _signed(connection: HTTPConnection) -> Signed:
    return Signed(
        path=connection.scope["path"].rstrip("/"),
        query=connection.scope["query_string"].decode("latin-1"),
        signature=connection.headers.get(HEADER, ""),
        settings=connection.headers.get(SETTINGS_HEADER, ""),
    )


async def _proven(house: House, request: Request) -> Form:
    """A webhook's form. Raises Refused where it is not Twilio's, or not even readable."""
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
        raise Refused(UNPROVEN) from error
    form = Form.of(pairs)
    if not house.signature.proves_post(_signed(request), form):
        logger.bind(path=request.scope["path"]).warning("webhook without a valid signature")
        raise Refused(UNPROVEN)
    return form


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise ValueError("too long")
    return bytes(body)


async def _media(house: House, websocket: WebSocket) -> None:
    if house.doors.refusing:
        await websocket.send_denial_response(Response(status_code=UNWANTED))
        return
    if not house.signature.proves_upgrade(_signed(websocket)):
        logger.warning("media stream without a valid signature")
        await websocket.send_denial_response(Response(status_code=UNPROVEN))
        return
    await websocket.accept()
    with house.doors.call():
        code = await _hold(house, websocket)
        sides = {websocket.client_state, websocket.application_state}
        if sides == {WebSocketState.CONNECTED}:
            await websocket.close(code)


async def _hold(house: House, websocket: WebSocket) -> int:
    """Carries the call; the code to close the socket with, if it is still open then."""
    try:
        async with asyncio.timeout(house.start_deadline):
            start = await _started(house, websocket)
            if start is None:
                return POLICY
            if not await house.tokens.redeem(start.call, start.parameters.get("token", "")):
                logger.bind(call=start.call).warning("media stream without a valid token")
                return POLICY
    except TimeoutError:
        logger.warning("media stream without a start")
        return POLICY
    if not decodable(start):
        logger.bind(call=start.call).warning("media stream in an unknown format")
        return UNDECODABLE
    try:
        await house.answer(websocket, start)
    except Exception:  # noqa: BLE001
        logger.bind(call=start.call).exception("call failed")
        return BROKEN
    return 1000


async def _started(house: House, websocket: WebSocket) -> Start | None:
    """The stream's `start`, whatever else comes before it; None when the socket closes first."""
    while True:
        event = await websocket.receive()
        if event["type"] != "websocket.receive":
            return None
        text = event.get("text")
        message = Bad("binary message") if text is None else parse(text)
        if isinstance(message, Start):
            return message
        if isinstance(message, Bad):
            house.emit(Malformed("", message.reason))
