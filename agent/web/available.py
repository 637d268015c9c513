"""The database's answer, or 503: a page of the admin API may wait, a call never does."""

from collections.abc import Awaitable
from typing import TypeVar

from fastapi import HTTPException

from knowledge.chain import Fault
from knowledge.records import Unfit

T = TypeVar("T")


async def available(asked: Awaitable[T]) -> T:
    """Raises HTTPException."""
    try:
        return await asked
    except Fault as fault:
        raise HTTPException(503, {"error": "the database is away"}, {"Retry-After": "5"}) from fault
    except Unfit as error:
        raise HTTPException(422, {"error": "the database cannot take it"}) from error
