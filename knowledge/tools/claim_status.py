"""How far the caller's claims are."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from knowledge.office import Office
from knowledge.tool import Bound, tool


class Claim(BaseModel):
    number: Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,20}$")]
    kind: Annotated[str, Field(max_length=60)]
    status: Literal["reported", "assigned", "inspected", "decided", "paid", "closed", "denied"]
    reported_on: date
    missing: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=10)] = []
    """Documents that are waited for."""
    amount: Annotated[float, Field(ge=0)] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"


@tool(instead=("claim-status",))
async def claim_status(office: Bound[Office], policy_number: Bound[str]) -> list[Claim] | None:
    """How far the caller's claims are, newest first: status, what is missing, what was paid."""
    return await office.get("policies", policy_number, "claims", gives=list[Claim])
