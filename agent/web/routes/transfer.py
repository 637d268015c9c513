"""What Twilio asks for while a caller is put through to a colleague.

The address says what the transfer is about, and Twilio's signature covers the address: any worker
answers, also while it drains.
"""

from fastapi import APIRouter, Request, Response

from agent.errand import Errand
from agent.line import twiml
from agent.line.signature import Form
from agent.line.twiml import Coming
from agent.operator import Operator
from agent.web.house import House
from agent.web.routes.webhook import (
    OVER,
    UNREADABLE,
    Unanswered,
    call_of,
    document,
    proven,
    stream,
    told,
)

UNMET = frozenset({"busy", "no-answer", "failed", "canceled"})
"""DialCallStatus of a conference in which nobody was met."""


def routes(house: House, operator: Operator) -> APIRouter:
    router = APIRouter()

    async def status(request: Request) -> Response:
        """News of a colleague's call."""
        form, errand = await _read(house, request)
        await operator.news(errand, call_of(form), form.first("CallStatus"))
        await operator.taken(errand, call_of(form), form.first("AnsweredBy"))
        return Response(status_code=204)

    async def join(request: Request) -> Response:
        """The colleague has been told everything."""
        form, errand = await _read(house, request)
        return document(await operator.join(errand, call_of(form)))

    async def wait(request: Request) -> Response:
        """Somebody is alone in the conference."""
        _, errand = await _read(house, request)
        query = request.query_params
        times = query.get("times", "0")
        if not times.isdecimal() or not query.get("who"):
            raise Unanswered(UNREADABLE)
        return document(await operator.wait(errand, query["who"], int(times)))

    async def over(request: Request) -> Response:
        """The caller is out of the conference, and maybe still on the line."""
        form, errand = await _read(house, request)
        call = told(house, form)
        if form.first("CallStatus") in OVER or await house.ended(call):
            return document(twiml.hangup())
        if form.first("DialCallStatus") in UNMET:
            return await stream(house, form, Coming(back=errand.department))
        return document(operator.over(errand))

    async def back(request: Request) -> Response:
        """The caller was alone in the conference: to the agent again."""
        form, errand = await _read(house, request)
        return await stream(house, form, Coming(back=errand.department))

    steps = {
        "status": status,
        "join": join,
        "wait": wait,
        "over": over,
        "back": back,
    }
    for path, post in steps.items():
        router.add_api_route(
            f"/twilio/transfer/{path}", post, methods=["POST"], response_model=None
        )
    return router


async def _read(house: House, request: Request) -> tuple[Form, Errand]:
    form = await proven(house, request)
    try:
        return form, Errand.read(request.scope["query_string"].decode("ascii"))
    except ValueError as error:
        raise Unanswered(UNREADABLE) from error
