"""Thresholds: those in force, and changing one by hand, or back."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import Field

from agent.web.available import available
from agent.web.body import Body, read, wrong
from agent.web.desk import Desk
from agent.web.keys import ADMIN, Gate
from agent.web.limit import CHANGING, READING
from knowledge.events import Adjusted
from knowledge.ledger import Change
from knowledge.study import previous


class Threshold(Body):
    department: str = Field(min_length=1, max_length=100)
    threshold: float = Field(gt=0, le=1)


class Undo(Body):
    department: str = Field(min_length=1, max_length=100)


def routes(gate: Gate, desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/thresholds")
    changing = [Depends(gate.guard("change", CHANGING, role=ADMIN))]

    @router.get("", dependencies=[Depends(gate.guard("read", READING))])
    async def thresholds() -> JSONResponse:
        return JSONResponse(jsonable_encoder(await available(_thresholds(desk))))

    @router.post("", dependencies=changing)
    async def change(request: Request) -> JSONResponse:
        asked = await read(request, Threshold)
        floor, name = desk.learning.promise.floor, desk.known(asked.department)
        if asked.threshold < floor:
            raise wrong("threshold", f"at least the floor, {floor}")
        before = desk.learning.policy.answer(name)
        return JSONResponse(await desk.adjust(Adjusted("", name, before, asked.threshold, "admin")))

    @router.post("/rollback", dependencies=changing)
    async def undo(request: Request) -> JSONResponse:
        name = desk.known((await read(request, Undo)).department)
        changes = await available(desk.learning.changes(name))
        earlier = previous(changes)
        if earlier is None:
            raise HTTPException(409, {"error": "there is no change to undo"})
        return JSONResponse(
            await desk.adjust(Adjusted("", name, changes[-1].after, earlier, "rolled_back"))
        )

    return router


async def _thresholds(desk: Desk) -> dict[str, Any]:
    policy, promise = desk.learning.policy, desk.learning.promise
    changes = await desk.learning.changes()
    last: dict[str, Change] = {change.department: change for change in changes}
    names = sorted({*desk.departments(), *last})
    return {
        "shipped": policy.shipped.answer,
        "floor": promise.floor,
        "precision": promise.precision,
        "departments": [
            {
                "department": name,
                "threshold": policy.answer(name),
                "state": "calibrated" if name in policy.calibrated else "uncalibrated",
                "why": last[name].why if name in last else "shipped",
            }
            for name in names
        ],
        "changes": [asdict(change) for change in changes[:-101:-1]],
    }
