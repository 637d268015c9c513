"""`POST /api/privacy/erase`: everything by a caller, or of a call, is made gone."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from agent.erasing import Erase, NoCall, Order
from agent.web.body import Body, read, wrong
from agent.web.keys import ADMIN, Gate
from agent.web.limit import CHANGING
from knowledge.callers import NoNumber

AGAIN = {"Retry-After": "5"}


class Erasure(Body):
    caller: str = Field("", max_length=40)
    """In E.164."""
    call: str = Field("", max_length=64)
    """A CallSid."""
    dry_run: bool = False


def routes(gate: Gate, erase: Erase) -> APIRouter:
    router = APIRouter()
    changing = [Depends(gate.guard("change", CHANGING, role=ADMIN))]

    @router.post("/api/privacy/erase", dependencies=changing)
    async def erased(request: Request) -> JSONResponse:
        """503 with the same answer where a place could not be reached: to be sent again."""
        asked = await read(request, Erasure)
        if bool(asked.caller) == bool(asked.call):
            raise wrong("", "expected one of caller, call")
        try:
            report = await erase(
                Order(ADMIN, caller=asked.caller, call=asked.call, dry_run=asked.dry_run)
            )
        except NoNumber as error:
            raise wrong("caller", str(error)) from None
        except NoCall as error:
            raise wrong("call", str(error)) from None
        if report.done:
            return JSONResponse(asdict(report))
        return JSONResponse(asdict(report), 503, AGAIN)

    return router
