"""Replies: a turn that answers what the call itself has asked, such as an offered call back."""

from collections.abc import AsyncIterator, Callable

from pipecat.frames.frames import Frame, LLMContextFrame

from knowledge.persona import Persona, Phrase
from processors.conversation import last_said
from processors.frames import LANGUAGE, TURN, speech
from processors.stage import Stage


class Replies(Stage[LLMContextFrame]):
    """Stands before Route: what the call understands needs no answer from anybody else."""

    accepts = LLMContextFrame

    def __init__(self, persona: Persona, *understood: Callable[[str, str], Phrase | None]) -> None:
        """`understood(text, language)`: what is said to the turn; None: it is for somebody else.
        The first that understands it is the last that is asked."""
        super().__init__()
        self._persona = persona
        self._understood = understood

    async def handle(self, frame: LLMContextFrame) -> AsyncIterator[Frame]:
        text, language = last_said(frame), LANGUAGE.of(frame)
        phrase = None
        if text and not frame.speculation:
            asked = (understood(text, language) for understood in self._understood)
            phrase = next((one for one in asked if one is not None), None)
        if phrase is None:
            yield frame
            return
        said = self._persona.say(phrase, language, TURN.of(frame))
        for made in speech(said, language, route="phrase", turn=TURN.of(frame)):
            yield made
