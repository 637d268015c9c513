"""Decisions, what came of them, and how often they were right."""

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, Field

from agent.web.available import available
from agent.web.body import Body, read, wrong
from agent.web.desk import Desk
from agent.web.keys import Gate
from agent.web.limit import READING, REPORTING
from agent.web.routes import experiments, thresholds
from knowledge.accuracy import Accuracy
from knowledge.events import Learned
from knowledge.study import DAYS

NOT_MEASURED = "not measured"
"""In place of a figure that nobody gave."""
_TICKET = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("printable characters only")
    return text


def _rounded(digits: int, most: float) -> Callable[[float], float]:
    """As the column rounds; what it could not hold is refused."""

    def rounded(number: float) -> float:
        if round(number, digits) > most:
            raise ValueError(f"at most {most}")
        return round(number, digits)

    return rounded


Named = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
Hours = Annotated[float, Field(ge=0), AfterValidator(_rounded(2, 999.99))]
Satisfaction = Annotated[float, Field(ge=1, le=5), AfterValidator(_rounded(1, 5.0))]


class Outcome(Body):
    actual_outcome: Named | None = None
    """The department, or the route, that it should have been."""
    resolution_time_hours: Hours | None = None
    customer_satisfaction: Satisfaction | None = None


def routes(gate: Gate, desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/api/routing")
    reading = [Depends(gate.guard("read", READING))]
    reporting = [Depends(gate.guard("report", REPORTING))]

    @router.get("/accuracy", dependencies=reading)
    async def accuracy() -> JSONResponse:
        return _json({"days": DAYS, "departments": await available(_accuracy(desk))})

    @router.post("/{ticket_id}/outcome", dependencies=reporting)
    async def outcome(ticket_id: str, request: Request) -> JSONResponse:
        ticket = _ticket(ticket_id)
        said = (await read(request, Outcome)).model_dump(exclude_none=True)
        if not said:
            raise wrong("", "expected one of " + ", ".join(Outcome.model_fields))
        await desk.settled(Learned("", ticket, **said))
        return JSONResponse({"ticket_id": ticket, "acknowledged": True}, 202)

    router.include_router(thresholds.routes(gate, desk))
    router.include_router(experiments.routes(gate, desk))

    @router.get("/{ticket_id}", dependencies=reading)
    async def decision(ticket_id: str) -> JSONResponse:
        found = await available(desk.ledger.decision(_ticket(ticket_id)))
        if found is None:
            raise HTTPException(404, {"error": "no such decision (yet)", "field": "ticket_id"})
        return _json(asdict(found))

    return router


def _json(content: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(jsonable_encoder(content), status)


def _ticket(text: str) -> str:
    if not _TICKET.fullmatch(text.lower()):
        raise wrong("ticket_id", "expected a UUID")
    return text.lower()


async def _accuracy(desk: Desk) -> list[dict[str, Any]]:
    rows = await desk.ledger.accuracy()
    satisfied = await desk.lessons.satisfaction(datetime.now(UTC) - timedelta(days=DAYS))
    found: list[dict[str, Any]] = []
    for row in rows:
        counted = Accuracy(row.correct_predictions, row.total_predictions)
        said = satisfied.get(row.department)
        found.append(
            asdict(row)
            | {
                "accuracy_rate": counted.rate,
                "lower": counted.lower if counted.total else None,
                "upper": counted.upper if counted.total else None,
                "state": "calibrated" if counted.calibrated else "uncalibrated",
                "customer_satisfaction": round(said.mean, 2) if said else NOT_MEASURED,
                "satisfaction_answers": said.answers if said else 0,
            }
        )
    return found
