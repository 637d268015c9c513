"""The model, to the pipeline one service, whoever of its providers answers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from openai.types.chat import ChatCompletionChunk
from pipecat.frames.frames import (
    Frame,
    FunctionCallResultProperties,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService

from knowledge.chain import Fault, relay
from knowledge.events import Answered, Emit, Guarded, Switched, Used
from knowledge.withheld import Guard, Withheld
from processors.conversation import conversation, last_said
from processors.frames import LANGUAGE, PACE, ROUTE, TURN
from processors.model import chunks
from processors.model.client import (
    Client,
    Definition,
    Finish,
    Message,
    Piece,
    Prompt,
    ToolCall,
    Usage,
)
from processors.model.sentences import Draft, Reply
from processors.model.tools import Asking, Tools

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
        tools: Tools | None = None,
        withheld: Callable[[str], str] = lambda _language: "",
    ) -> None:
        """`instructions`: who the agent is and how it answers, ahead of every conversation.
        `tools`: of this call; they stand in no context, for what is offered changes within a turn.
        `withheld(language)`: what is said in place of the instructions, should they be repeated.
        """
        if not clients:
            raise ValueError("Model needs at least one client, the last one being Local")
        self._clients = tuple(clients)
        self._call = call
        self._emit = emit
        self._patience = patience
        self._tools = tools
        self._withheld = Withheld([instructions])
        self._instead = withheld
        self._calls = 0
        self._context: LLMContextFrame | None = None
        """What is being answered."""
        self._turn = 0
        """The caller's last one."""
        self._asking: Asking | None = None
        """What the model was asked last."""
        settings = self.Settings(model=clients[0].name, system_instruction=instructions or None)
        super().__init__(settings=settings)
        if tools is not None:
            self.register_function(None, self._use)

    def create_client(self, *_: Any, **__: Any) -> Any:
        """The one seam: the base class calls `client.chat.completions.create`."""
        return SimpleNamespace(
            chat=SimpleNamespace(completions=SimpleNamespace(create=self.create))
        )

    async def create(self, **params: Any) -> AsyncGenerator[ChatCompletionChunk]:
        """The stream for one context, in OpenAI's form. Raises Fault where none is asked for."""
        if not params.get("stream"):
            raise Fault("broken", "the model of a call answers turns, as a stream")
        messages: Sequence[Message] = params["messages"]
        tools = self._tools
        if tools is None:
            return self._answer(messages, ())
        if (granted := tools.granted) is not None:
            wanted = ToolCall(granted.tool.name, granted.arguments.model_dump(mode="json"))
            return self._called(wanted)
        return self._answer(tools.briefed(messages), tools.definitions)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if not isinstance(frame, LLMContextFrame):
            await super().process_frame(frame, direction)
            return
        if 0 < TURN.of(frame) < self._turn and direction is FrameDirection.UPSTREAM:
            return  # what a tool has found for a turn that is over; the history holds it
        if direction is FrameDirection.DOWNSTREAM:
            self._turned(frame)
        self._context, self._asking = frame, Asking.of(frame)
        try:
            await super().process_frame(frame, direction)
        finally:
            self._context = None

    async def cleanup(self) -> None:
        await super().cleanup()
        if self._tools is not None:
            await self._tools.clerk.close()

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        spoken = LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame
        ours = LANGUAGE.name not in frame.metadata  # a phrase knows its own
        if self._context is not None and isinstance(frame, spoken) and ours:
            LANGUAGE.on(frame, LANGUAGE.of(self._context))
            TURN.on(frame, TURN.of(self._context))
            PACE.on(frame, PACE.of(self._context))
            ROUTE.on(frame, "model")
        await super().push_frame(frame, direction)

    def _turned(self, frame: LLMContextFrame) -> None:
        text, self._turn = last_said(frame), TURN.of(frame)
        if self._tools is None or frame.speculation or not text:
            return
        said = conversation(frame.context)
        last = next((words for role, words in reversed(said) if role == "assistant" and words), "")
        self._tools.turned(self._turn, text, last)

    async def _use(self, params: FunctionCallParams) -> None:
        """One tool, run by the base class in a task that a barge-in cancels.

        The aggregator keeps call and result, but is not waited for: it gets them when what was
        said before them was heard, and the model may think meanwhile.
        """
        tools, asking = self._tools, self._asking
        if tools is None or asking is None:
            return
        outcome = await tools.use(params.function_name, params.arguments, asking.language)
        properties = FunctionCallResultProperties(run_llm=False)
        await params.result_callback(dict(outcome.told), properties=properties)
        instead = tools.spoken(outcome, asking)
        for frame in instead:
            await self.push_frame(frame)
        if not instead:
            found = asking.found(params, outcome.told)
            await self.queue_frame(found, FrameDirection.UPSTREAM)

    async def _called(
        self, wanted: ToolCall | None, said: str = ""
    ) -> AsyncGenerator[ChatCompletionChunk]:
        """`said` before the call."""
        if wanted is None or self._tools is None or self._asking is None:
            return
        self._asking.said = said
        self._calls += 1
        yield chunks.call(self._clients[0].name, wanted, self._calls)

    async def _answer(
        self, messages: Sequence[Message], definitions: Sequence[Definition]
    ) -> AsyncGenerator[ChatCompletionChunk]:
        language = LANGUAGE.of(self._context) if self._context else ""
        reply = Reply(language or "en")
        clock = asyncio.get_running_loop().time
        asked = clock()
        writing: _Attempt | None = None
        over = False
        instead = self._instead(language or "en")
        guard = Guard(self._withheld, f"{instead} ", self._guarded)

        def gap() -> float | None:
            if over:
                return None  # what may still come, the client bounds
            return self._patience.gap if reply.said else self._patience.begin

        def ask(client: Client) -> AsyncGenerator[tuple[_Attempt, Piece]]:
            continued = _continued(messages, reply.said)
            prompt = Prompt(continued, language or "en", reply.said, definitions)
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
                    yield chunks.text(name, "")  # stops the base class's clock at the first token
                if isinstance(piece, Usage):
                    self._used(attempt.client, piece)
                    yield chunks.usage(name, piece)
                    continue
                over = isinstance(piece, Finish)
                for sentence in guard.passed(attempt.sentences(piece)):
                    yield chunks.text(name, sentence)
        async for chunk in self._called(writing.wanted if writing else None, reply.said):
            yield chunk

    def _guarded(self) -> None:
        self._emit(Guarded(self._call, "instructions"))

    def _used(self, client: Client, usage: Usage) -> None:
        read, written = usage.prompt, usage.completion
        self._emit(Used(self._call, "model", client.name, client.model, read, written))

    def _failed(self, client: Client, fault: Fault) -> None:
        self._emit(Switched(self._call, "model", client.name, fault.kind))


@dataclass(slots=True, eq=False)
class _Attempt:
    """One provider's try; several may run at once, each with a draft of its own."""

    client: Client
    draft: Draft
    wanted: ToolCall | None = None

    async def pieces(self, prompt: Prompt) -> AsyncGenerator[tuple["_Attempt", Piece]]:
        async with aclosing(self.client.write(prompt)) as written:
            async for piece in written:
                yield self, piece

    def sentences(self, piece: str | ToolCall | Finish) -> list[str]:
        if isinstance(piece, ToolCall):
            self.wanted = piece
            return []
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
