"""Who listens in on test calls: what was heard and said, and every event, by CallSid."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    UserTurnMessageAddedMessage,
)
from pipecat.processors.frame_processor import FrameProcessor

from agent.call import Call
from agent.pipeline import stages
from knowledge.events import Event

E = TypeVar("E", bound=Event)


class Witness:
    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = defaultdict(list)
        """The caller's turns, as they entered the conversation."""
        self.said: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        """What the agent's turns left in the conversation, and whether they were interrupted."""
        self.context: dict[str, list[dict[str, str]]] = {}
        self._events: dict[str, list[Event]] = defaultdict(list)

    def stages(self, call: Call) -> list[FrameProcessor]:
        """The product's own stages, with both halves of the conversation listened to."""

        async def heard(_user: object, message: UserTurnMessageAddedMessage) -> None:
            self.heard[call.sid].append(message.content)

        async def said(_agent: object, message: AssistantTurnStoppedMessage) -> None:
            self.said[call.sid].append((message.content, message.interrupted))

        call.turns.user().add_event_handler("on_user_turn_message_added", heard)
        call.turns.agent().add_event_handler("on_assistant_turn_stopped", said)
        self.context[call.sid] = call.turns.user().messages
        return stages(call)

    def emit(self, event: Event) -> None:
        self._events[event.call].append(event)

    def events(self, call: str, kind: type[E]) -> list[E]:
        return [event for event in self._events[call] if isinstance(event, kind)]

    def spoken(self, call: str) -> Iterable[str]:
        return (text for text, _ in self.said[call])
