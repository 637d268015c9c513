"""The model, to the pipeline one service, whoever of its providers answers."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import Choice, ChoiceDelta
from openai.types.completion_usage import PromptTokensDetails
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.openai.llm import OpenAILLMService

from knowledge.chain import Fault, relay
from knowledge.events import Answered, Emit, Switched
from processors.frames import LANGUAGE, PACE, ROUTE, TURN
from processors.model.client import Client, Finish, Message, Piece, Prompt, Usage
from processors.model.sentences import Draft, Reply

GO_ON = (
    "The connection broke here, and the caller has heard your words above. Go on with what is "
    "still missing from the answer, in the same language and tone. Repeat nothing and do not "
    "mention the interruption. If nothing is missing, write nothing."
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that providers have; at the telephone, silence is worse than a switch."""

    first: float = 1.5
    """For the first token."""
    hedge: float = 0.75
    """After which the next provider is asked beside a late one."""
    begin: float = 0.4
    """Between tokens, until the first sentence is out."""
    gap: float = 1.0
    """Between tokens after that, while a sentence is being spoken."""


class Model(OpenAILLMService):
    """Whole sentences for a turn's context, each frame with the turn's language and number.

    The frame contract, metrics and usage are the base class's; all it is given is a "client" whose
    one stream comes from several providers in order. The last of them answers always.
    """

    def __init__(
        self,
        clients: Sequence[Client],
        *,
        call: str,
        emit: Emit,
        instructions: str = "",
        patience: Patience = Patience(),
    ) -> None:
        """`instructions`: who the agent is and how it answers, ahead of every conversation."""
        if not clients:
            raise ValueError("Model needs at least one client, the last one being Local")
        self._clients = tuple(clients)
        self._call = call
        self._emit = emit
        self._patience = patience
        self._context: LLMContextFrame | None = None
        settings = self.Settings(model=clients[0].name, system_instruction=instructions or None)
        super().__init__(settings=settings)

    def create_client(self, *_: Any, **__: Any) -> Any:
        """The one seam: the base class calls `client.chat.completions.create`."""
        return SimpleNamespace(
            chat=SimpleNamespace(completions=SimpleNamespace(create=self.create))
        )

    async def create(self, **params: Any) -> AsyncGenerator[ChatCompletionChunk]:
        """The stream for one context, in OpenAI's form. Raises Fault where none is asked for."""
        if not params.get("stream"):
            raise Fault("broken", "the model of a call answers turns, as a stream")
        return self._answer(params["messages"])

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if not isinstance(frame, LLMContextFrame):
            await super().process_frame(frame, direction)
            return
        self._context = frame
        try:
            await super().process_frame(frame, direction)
        finally:
            self._context = None

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        spoken = LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame
        if self._context is not None and isinstance(frame, spoken):
            LANGUAGE.on(frame, LANGUAGE.of(self._context))
            TURN.on(frame, TURN.of(self._context))
            PACE.on(frame, PACE.of(self._context))
            ROUTE.on(frame, "model")
        await super().push_frame(frame, direction)

    async def _answer(self, messages: Sequence[Message]) -> AsyncGenerator[ChatCompletionChunk]:
        language = LANGUAGE.of(self._context) if self._context else ""
        reply = Reply(language or "en")
        clock = asyncio.get_running_loop().time
        asked = clock()
        writing: _Attempt | None = None
        over = False

        def gap() -> float | None:
            if over:
                return None  # what may still come, the client bounds
            return self._patience.gap if reply.said else self._patience.begin

        def ask(client: Client) -> AsyncGenerator[tuple[_Attempt, Piece]]:
            prompt = Prompt(_continued(messages, reply.said), language or "en", reply.said)
            return _Attempt(client, reply.draft()).pieces(prompt)

        pieces = relay(
            self._clients,
            ask,
            first=self._patience.first,
            gap=gap,
            hedge=self._patience.hedge,
            spare=lambda client: client.spare,
            report=self._failed,
        )
        async with aclosing(pieces):
            async for attempt, piece in pieces:
                name = attempt.client.name
                if attempt is not writing:
                    writing = attempt
                    self._emit(Answered(self._call, "model", name, clock() - asked))
                    yield _text(name, "")  # stops the base class's clock at the first token
                if isinstance(piece, Usage):
                    yield _usage(name, piece)
                    continue
                over = isinstance(piece, Finish)
                for sentence in attempt.sentences(piece):
                    yield _text(name, sentence)

    def _failed(self, client: Client, fault: Fault) -> None:
        self._emit(Switched(self._call, "model", client.name, fault.kind))


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """One provider's try; several may run at once, each with a draft of its own."""

    client: Client
    draft: Draft

    async def pieces(self, prompt: Prompt) -> AsyncGenerator[tuple["_Attempt", Piece]]:
        async with aclosing(self.client.write(prompt)) as written:
            async for piece in written:
                yield self, piece

    def sentences(self, piece: str | Finish) -> list[str]:
        if isinstance(piece, Finish):
            return self.draft.finish(torn=piece.torn)
        return self.draft.add(piece)


def _continued(messages: Sequence[Message], said: str) -> Sequence[Message]:
    if not said:
        return messages
    return [
        *messages,
        {"role": "assistant", "content": said},
        {"role": "developer", "content": GO_ON},
    ]


def _text(provider: str, content: str) -> ChatCompletionChunk:
    return _chunk(provider, choices=[Choice(index=0, delta=ChoiceDelta(content=content))])


def _usage(provider: str, usage: Usage) -> ChatCompletionChunk:
    counted = CompletionUsage(
        prompt_tokens=usage.prompt,
        completion_tokens=usage.completion,
        total_tokens=usage.prompt + usage.completion,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=usage.cached),
    )
    return _chunk(provider, choices=[], usage=counted)


def _chunk(
    provider: str, *, choices: list[Choice], usage: CompletionUsage | None = None
) -> ChatCompletionChunk:
    return ChatCompletionChunk(
        id="",
        object="chat.completion.chunk",
        created=0,
        model=provider,
        choices=choices,
        usage=usage,
    )
