"""What Twilio asks for. Any doubt about who asks is a 403; nothing that is sent is a 500."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response, WebSocket
from loguru import logger
from starlette.websockets import WebSocketState

from agent.line import twiml
from agent.line.bucket import Bucket
from agent.line.protocol import Bad, Start, decodable, parse
from agent.line.twiml import Coming
from agent.web.house import House
from agent.web.routes import transfer
from agent.web.routes.webhook import (
    UNWANTED,
    arrive,
    document,
    proven,
    signed,
    stream,
    told,
    unproven,
)
from knowledge.events import Malformed

POLICY, UNDECODABLE, BROKEN = 1008, 1003, 1011
"""Codes of RFC 6455 with which a media socket is closed."""

SAID = frozenset(str(number) for number in range(1, 100))
"""How often Twilio has spoken in our place, as our own address says it."""


def routes(house: House) -> APIRouter:
    """Each path also with a slash at its end, as numbers are configured by hand."""
    router = APIRouter()

    async def voice(request: Request) -> Response:
        return await arrive(house, await proven(house, request))

    async def stream_ended(request: Request) -> Response:
        """The next stream of a call, at another worker where this one drains."""
        form, query = await proven(house, request), request.query_params
        if await house.ended(told(house, form)):
            return document(twiml.hangup())
        said = query.get("said", "0")
        coming = Coming(said=int(said) if said in SAID else 0, moved="moved" in query)
        return await stream(house, form, coming)

    async def dialled(request: Request) -> Response:
        """After a number that was called in the agent's place."""
        form = await proven(house, request)
        return document(house.front.elsewhere.dialled(form.first("DialCallStatus")))

    async def status(request: Request) -> Response:
        told(house, await proven(house, request))
        return Response(status_code=204)

    async def media(websocket: WebSocket) -> None:
        await _media(house, websocket)

    posts = {
        "/voice": voice,
        "/stream-ended": stream_ended,
        "/status": status,
        "/dialled": dialled,
    }
    for path, post in posts.items():
        _post(router, f"/twilio{path}", post)
        _post(router, f"/twilio{path}/", post)
    router.add_api_websocket_route("/twilio/media", media)
    router.add_api_websocket_route("/twilio/media/", media)
    if house.operator is not None:
        router.include_router(transfer.routes(house, house.operator))
    return router


def _post(router: APIRouter, path: str, post: Callable[[Request], Awaitable[Response]]) -> None:
    router.add_api_route(path, post, methods=["POST"], response_model=None)


async def _media(house: House, websocket: WebSocket) -> None:
    if house.doors.refusing or house.front.full():
        await websocket.send_denial_response(Response(status_code=UNWANTED))
        return
    if not house.signature.proves_upgrade(signed(websocket)):
        status = unproven(house, websocket, "media stream without a valid signature")
        await websocket.send_denial_response(Response(status_code=status))
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
    bucket = Bucket()
    while True:
        event = await websocket.receive()
        if event["type"] != "websocket.receive":
            return None
        if not bucket.take():
            continue
        text = event.get("text")
        message = Bad("binary message") if text is None else parse(text)
        if isinstance(message, Start):
            return message
        if isinstance(message, Bad):
            house.emit(Malformed("", message.reason))
