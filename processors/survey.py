"""Survey: one question before goodbye, answered by a key or a word from one to five."""

import re
from collections.abc import AsyncIterator, Callable

from pipecat.frames.frames import Frame, InputDTMFFrame, InterruptionFrame, LLMContextFrame

from knowledge.events import Emit, Learned
from knowledge.persona import Persona, Phrase
from knowledge.wishes import Wish, recognise
from knowledge.words import fold
from processors.conversation import last_said
from processors.frames import LANGUAGE, TURN, HangUpFrame, speech
from processors.stage import Stage

LONGEST = 12
"""Words of an answer; who says more says something else."""
_WORDS = {
    **{str(number): number for number in range(1, 6)},
    **dict(zip(["one", "two", "three", "four", "five"], range(1, 6), strict=True)),
    **dict(zip(["uno", "dos", "tres", "cuatro", "cinco"], range(1, 6), strict=True)),
    "un": 1,
    "una": 1,
}
_SCALE = re.compile(r"\b(?:out of|of|de|sobre)\s+(?:five|5|cinco)\b")
_OTHER = re.compile(
    r"\b(?:more|question|moment|second|minute|wait|what|how|when|where|mas|pregunta|momento|espere)\b"
)
_ARTICLE = re.compile(r"\b(?:a|an|un|una)\s+(?=(?:[1-5]|\w+)\b)")


class Survey(Stage[Frame]):
    """Stands before Route: it takes the first goodbye, and the caller's next turn if it rates."""

    accepts = (LLMContextFrame, InputDTMFFrame)

    def __init__(
        self, persona: Persona, *, call: str, ticket: Callable[[], str], emit: Emit
    ) -> None:
        """`ticket` of the call's last decision, "" before there was one."""
        super().__init__()
        self._persona = persona
        self._call = call
        self._ticket = ticket
        self._emit = emit
        self._asked = False
        self._open = False
        """The question was asked, and nothing was said since."""
        self._language = "en"
        self._turn = 0

    async def handle(self, frame: Frame) -> AsyncIterator[Frame]:
        if isinstance(frame, InputDTMFFrame):
            rating = _WORDS.get(str(frame.button.value))
            if not self._open or rating is None:
                yield frame
                return
            yield InterruptionFrame()
            for made in self._rated(rating):
                yield made
            return
        assert isinstance(frame, LLMContextFrame)
        text = last_said(frame)
        if frame.speculation or not text:
            yield frame
            return
        self._language, self._turn = LANGUAGE.of(frame), TURN.of(frame)
        rating = rated(text) if self._open else None
        self._open = False
        if rating is not None:
            for made in self._rated(rating):
                yield made
        elif not self._asked and self._ticket() and recognise(text) is Wish.GOODBYE:
            self._asked = self._open = True
            for made in self._say(Phrase.SURVEY):
                yield made
        else:
            yield frame

    def _rated(self, rating: int) -> list[Frame]:
        self._open = False
        self._emit(Learned(self._call, self._ticket(), customer_satisfaction=float(rating)))
        return [*self._say(Phrase.SURVEY_THANKS), *self._say(Phrase.GOODBYE), HangUpFrame()]

    def _say(self, phrase: Phrase) -> list[Frame]:
        text = self._persona.say(phrase, self._language, self._turn)
        return speech(text, self._language, route="survey", turn=self._turn)


def rated(text: str) -> int | None:
    """The number that a caller gives, in English or Spanish; None where it is none, or several."""
    said = " ".join(re.findall(r"\w+", fold(text)))
    if len(said.split()) > LONGEST or _OTHER.search(said):
        return None
    said = _ARTICLE.sub(" ", _SCALE.sub(" ", said))
    found = {_WORDS[word] for word in said.split() if word in _WORDS}
    return found.pop() if len(found) == 1 else None
