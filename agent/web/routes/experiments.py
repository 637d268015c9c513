"""Experiments: what runs, how it stands, starting and stopping."""

from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
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
from knowledge.experiments import Arm, BadExperiment, Comparison, Experiment, compare, experiment
from knowledge.ledger import Trial
from knowledge.study import read as readable


class AskedArm(Body):
    name: str
    value: str | float
    share: float


class Asked(Body):
    name: str
    subject: str
    department: str = Field("", max_length=100)
    cost: float = 4.0
    arms: list[AskedArm] = Field(max_length=10)


class Stop(Body):
    adopt: str | None = None
    """The arm whose threshold is to hold from now on."""


def routes(gate: Gate, desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/experiments")
    changing = [Depends(gate.guard("change", CHANGING, role=ADMIN))]

    @router.get("", dependencies=[Depends(gate.guard("read", READING))])
    async def all_of_them() -> JSONResponse:
        trials = await available(desk.ledger.trials(running=False))
        return JSONResponse({"experiments": [await _page(desk, trial) for trial in trials]})

    @router.post("", dependencies=changing)
    async def start(request: Request) -> JSONResponse:
        made = _made(await read(request, Asked))
        _check(desk, made)
        for trial in await available(desk.ledger.trials()):
            other = readable(trial)
            if other is not None and other.name != made.name and other.meets(made):
                raise HTTPException(409, {"error": f"{other.name} runs on the same calls"})
        trial = Trial(made.name, made.department, made.document(), datetime.now(UTC))
        if not await available(desk.ledger.begin(trial)):
            raise HTTPException(409, {"error": "there was one of this name", "field": "name"})
        await available(desk.learning.refresh())
        return JSONResponse(await _page(desk, trial), 201)

    @router.post("/{name}/stop", dependencies=changing)
    async def stop(name: str, request: Request) -> JSONResponse:
        asked = await read(request, Stop)
        running = {trial.name: trial for trial in await available(desk.ledger.trials())}
        if name not in running:
            raise HTTPException(404, {"error": "no such experiment runs", "field": "name"})
        changes = _adopted(desk, running[name], asked.adopt)
        why = f"adopted {asked.adopt}" if asked.adopt else "admin"
        for change in changes:
            await desk.adjust(change)
        await available(desk.ledger.stop(name, at=datetime.now(UTC), why=why))
        await available(desk.learning.refresh())
        return JSONResponse({"name": name, "why": why})

    return router


def _made(asked: Asked) -> Experiment:
    try:
        return experiment(asked.name, asked.department, asked.model_dump())
    except BadExperiment as error:
        raise wrong(error.field, str(error).partition(": ")[2]) from None


def _check(desk: Desk, made: Experiment) -> None:
    if made.department:
        desk.known(made.department)
    for arm in made.arms:
        if made.subject != "threshold":
            if arm.value not in desk.named(made.subject):
                raise wrong("arms.value", f"expected the name of a known {made.subject}")
        elif float(arm.value) < desk.learning.promise.floor:
            raise wrong("arms.value", f"at least the floor, {desk.learning.promise.floor}")


def _adopted(desk: Desk, trial: Trial, name: str | None) -> list[Adjusted]:
    """The changes that make an arm's threshold the department's own. Raises HTTPException."""
    made = readable(trial)
    if name is None or made is None:
        return []
    arm = next((arm for arm in made.arms if arm.name == name), None)
    if arm is None or made.subject != "threshold":
        raise wrong("adopt", "expected the name of an arm of a threshold's experiment")
    departments = [made.department] if made.department else sorted(desk.departments())
    return [_adjusted(desk, department, arm) for department in departments]


def _adjusted(desk: Desk, department: str, arm: Arm) -> Adjusted:
    before = desk.learning.policy.answer(department)
    return Adjusted("", department, before, float(arm.value), "experiment")


async def _page(desk: Desk, trial: Trial) -> dict[str, Any]:
    """With what its arms came to, where this version understands it."""
    page: dict[str, Any] = {
        "name": trial.name,
        "department": trial.department,
        **trial.arms,
        "started": trial.started,
        "stopped": trial.stopped,
        "why": trial.why,
    }
    made = readable(trial)
    if made is not None:
        tallies = await available(desk.lessons.tallies(made, trial.started))
        compared = compare(made, tallies, precision=desk.learning.promise.precision)
        page["calls"] = {arm: asdict(tally) for arm, tally in tallies.items()}
        page["comparisons"] = [_finite(comparison) for comparison in compared]
    return dict(jsonable_encoder(page))


def _finite(comparison: Comparison) -> dict[str, Any]:
    """JSON has no infinity: a bound that says nothing is null."""
    return {
        name: value if not isinstance(value, float) or isfinite(value) else None
        for name, value in asdict(comparison).items()
    }
