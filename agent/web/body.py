"""A request's JSON: bounded, checked, and refused with the name of what is wrong in it."""

import asyncio
from typing import TypeVar

import orjson
from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect

LONGEST = 64 * 1024
"""Bytes."""
DEADLINE = 5.0
"""Seconds for a whole body."""


class Body(BaseModel):
    """What a request may say: no other field, and no number that came as a text."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
    )


B = TypeVar("B", bound=Body)


async def read(request: Request, kind: type[B]) -> B:
    """Raises HTTPException. JSON must be called JSON: no page elsewhere can send that unasked."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, {"error": "expected Content-Type: application/json"})
    try:
        async with asyncio.timeout(DEADLINE):
            given = orjson.loads(await _bytes(request))
    except TimeoutError as error:
        raise HTTPException(408, {"error": "the body took too long"}) from error
    except (orjson.JSONDecodeError, ClientDisconnect) as error:
        raise HTTPException(400, {"error": "expected JSON"}) from error
    if not isinstance(given, dict):
        raise HTTPException(422, {"error": "expected a JSON object"})
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:100]
        raise wrong(field, first["msg"]) from None


def wrong(field: str, expected: str) -> HTTPException:
    return HTTPException(422, {"error": f"{field}: {expected}" if field else expected,
                               "field": field})  # fmt: skip


async def _bytes(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise HTTPException(413, {"error": f"expected at most {LONGEST} bytes"})
    return bytes(body)
