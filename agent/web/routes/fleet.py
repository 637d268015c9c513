"""All workers as one: who is there, what happens, calls that are ended or put through from outside,
and the switch that sends all of them to people."""

import re
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from typing import TypeVar

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from agent.fleet.commands import Answer, Commands, Wish
from agent.fleet.feed import Feed
from agent.fleet.fleet import Fleet
from agent.web.body import Body, read, wrong
from agent.web.keys import ADMIN, Gate
from agent.web.limit import CHANGING, READING
from knowledge.chain import Fault

T = TypeVar("T")
LATEST = 100
"""Events in one answer."""
_SID = re.compile(r"[A-Za-z0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class Control:
    fleet: Fleet
    commands: Commands
    feed: Feed
    departments: tuple[str, ...]
    """That have a number."""


class Nothing(Body):
    """`{}`: a page elsewhere cannot send it unasked."""


class Switch(Body):
    on: bool


class Whereto(Body):
    department: str = Field("", max_length=100)


def routes(gate: Gate, control: Control) -> APIRouter:
    router = APIRouter(prefix="/api")
    reading = [Depends(gate.guard("read", READING))]
    changing = [Depends(gate.guard("change", CHANGING, role=ADMIN))]

    @router.get("/fleet", dependencies=reading)
    async def fleet() -> JSONResponse:
        return JSONResponse(asdict(await _reached(control.fleet.muster())))

    @router.get("/events", dependencies=reading)
    async def events(after: str = "") -> JSONResponse:
        try:
            found = await _reached(control.feed.after(after, LATEST))
        except ValueError:
            raise wrong("after", "expected the id of an event") from None
        return JSONResponse({"events": [asdict(told) for told in found]})

    @router.post("/fleet/people", dependencies=changing)
    async def people(request: Request) -> JSONResponse:
        on = (await read(request, Switch)).on
        if on and not control.departments:
            raise HTTPException(409, {"error": "DEPARTMENTS has no number to put anybody through"})
        await _reached(control.fleet.switch(people=on))
        return JSONResponse({"people": on})

    @router.post("/calls/{call}/end", dependencies=changing)
    async def end(call: str, request: Request) -> JSONResponse:
        await read(request, Nothing)
        return await _given(control, call, "end")

    @router.post("/calls/{call}/transfer", dependencies=changing)
    async def transfer(call: str, request: Request) -> JSONResponse:
        department = (await read(request, Whereto)).department
        if department and department not in control.departments:
            raise wrong("department", "expected one that has a number in DEPARTMENTS")
        return await _given(control, call, "transfer", department)

    return router


async def _reached(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Fault as fault:
        raise HTTPException(
            503, {"error": "Redis, or the call's worker, did not answer"}
        ) from fault


async def _given(control: Control, call: str, wish: Wish, department: str = "") -> JSONResponse:
    if not _SID.fullmatch(call):
        raise wrong("call", "expected a CallSid")
    answer = await _reached(control.commands.give(call, wish, department))
    if answer is Answer.UNKNOWN:
        raise HTTPException(404, {"error": "no such call is on"})
    if answer is Answer.UNFIT:
        raise HTTPException(409, {"error": "the call is ending, or there is nobody to put it to"})
    return JSONResponse({"call": call, "done": wish})
