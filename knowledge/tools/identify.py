"""Who is calling: a policy's number and the date of birth of whoever holds it."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from knowledge.identification import spoken_code, spoken_date
from knowledge.office import Office
from knowledge.tool import Ask, Bound, Identity, tool

NUMBER = re.compile(r"([A-Z]{2})(\d{7})")

BOTH = Ask(
    {
        "en": "For that I need your policy number and your date of birth, please.",
        "es": "Para eso necesito su número de póliza y su fecha de nacimiento, por favor.",
    },
    collect="policy",
    into="policy_number",
)
POLICY = Ask(
    {
        "en": "What is your policy number? It is two letters and seven digits.",
        "es": "¿Cuál es su número de póliza? Son dos letras y siete cifras.",
    },
    collect="policy",
    into="policy_number",
)
BIRTH = Ask(
    {
        "en": "And your date of birth, please: day, month and year?",
        "es": "¿Y su fecha de nacimiento, por favor: día, mes y año?",
    },
    collect="birth",
    into="date_of_birth",
)


class Holder(BaseModel):
    policy_number: str
    date_of_birth: date


class Match(BaseModel):
    match: bool


@tool(
    identifies=True,
    summary={
        "en": "The caller could not be identified.",
        "es": "No se ha podido identificar a la persona que llama.",
    },
)
async def identify(
    office: Bound[Office],
    language: Bound[str],
    policy_number: Annotated[
        str, Field(description="As the caller said it, such as AB-1234567; empty if not said yet.")
    ] = "",
    date_of_birth: Annotated[
        str, Field(description="As the caller said it, or YYYY-MM-DD; empty if not said yet.")
    ] = "",
) -> Identity | Ask | None:
    """Identifies the caller, which everything about the caller's own policy and claims needs first.
    Call it at once, also while nothing of it is known: it asks for what is missing."""
    today = datetime.now(UTC).date()
    number = NUMBER.search(spoken_code(policy_number))
    born = spoken_date(date_of_birth, language, today=today)
    if number is None:
        return POLICY if born else BOTH
    if born is None:
        return BIRTH
    policy = f"{number[1]}-{number[2]}"
    holder = Holder(policy_number=policy, date_of_birth=born)
    found = await office.post("identify", body=holder, gives=Match)
    return Identity({"policy_number": policy}) if found is not None and found.match else None
