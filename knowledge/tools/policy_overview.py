"""What the caller's policy covers, and until when."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from knowledge.office import Office
from knowledge.tool import Bound, tool

Short = Annotated[str, Field(max_length=80)]


class Policy(BaseModel):
    kind: Short
    status: Literal["active", "suspended", "cancelled", "expired"]
    valid_until: date
    covers: Annotated[list[Short], Field(max_length=20)] = []
    deductible: Annotated[float, Field(ge=0)] | None = None
    premium: Annotated[float, Field(ge=0)] | None = None
    next_payment_on: date | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"


@tool(instead=("payment-due-date",))
async def policy_overview(office: Bound[Office], policy_number: Bound[str]) -> Policy | None:
    """The caller's own policy: what it covers, deductible, premium, next payment, until when."""
    return await office.get("policies", policy_number, gives=Policy)
