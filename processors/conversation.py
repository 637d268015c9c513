"""What was said, as the context of a turn has it."""

import itertools

from pipecat.frames.frames import LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext


def conversation(context: LLMContext) -> list[tuple[str, str]]:
    """Role and text of each message."""
    return [
        (message["role"], str(message.get("content") or ""))
        for message in context.get_messages()
        if isinstance(message, dict)
    ]


def last_said(frame: LLMContextFrame) -> str:
    """The caller's turn that the frame brings; "" where the last word is somebody else's."""
    said = conversation(frame.context)[-1:]
    return next((text for role, text in said if role == "user"), "")


def asked(said: list[tuple[str, str]]) -> list[str]:
    """What the caller said since the agent last did, oldest first."""
    lately = list(itertools.takewhile(lambda message: message[0] == "user", reversed(said)))
    return [text for _, text in reversed(lately)]
