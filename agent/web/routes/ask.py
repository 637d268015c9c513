"""`POST /api/ask`: what `kb ask --jsonl` gives, over HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from agent import jsonl
from agent.web.body import Body, read
from agent.web.keys import Gate
from agent.web.limit import ASKING
from knowledge.ask import Asked
from knowledge.chain import Fault

LONGEST_TEXT = 5000
"""Characters."""

Ask = Callable[[str, str], Awaitable[Asked]]
"""A question and its language ("" to have it guessed). May raise Fault."""


class Question(Body):
    text: str = Field(max_length=LONGEST_TEXT)
    language: str | None = Field(None, max_length=35)


def routes(gate: Gate, ask: Ask, *, rate: str = ASKING) -> APIRouter:
    router = APIRouter()

    @router.post("/api/ask", dependencies=[Depends(gate.guard("ask", rate))])
    async def asked(request: Request) -> JSONResponse:
        question = await read(request, Question)
        # read as a line of `kb ask --jsonl` is, so that both understand the same
        line = jsonl.read(orjson.dumps(question.model_dump()).decode())
        try:
            return JSONResponse(asdict(await ask(line.text, line.language)))
        except Fault as fault:
            raise HTTPException(503, {"error": "the knowledge base is away"}) from fault

    return router
