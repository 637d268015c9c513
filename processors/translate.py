"""Translate: beside a turn, its reading in the language of router and knowledge."""

from collections.abc import AsyncIterator, Callable, Sequence

from pipecat.frames.frames import Frame, LLMContextFrame

from knowledge.translation import WITHIN, Translations
from processors.conversation import last_said
from processors.frames import LANGUAGE, READING, ROUGH, STRANGE, rewrite
from processors.stage import Stage
from processors.turns.endpointing import could_end
from processors.turns.user import Guess


class Translate(Stage[LLMContextFrame]):
    """The words themselves stay what they are: context, memory and model hold what was said."""

    accepts = LLMContextFrame
    deadline = WITHIN + 0.1

    def __init__(
        self,
        translations: Translations,
        *,
        call: str,
        default: str,
        target: str,
        least: float,
        masked: Callable[[str], str] = str,
    ) -> None:
        """`call`: the CallSid. `target`: two letters. `default`: of a turn whose language nobody
        has told. `least`: a reading of less confidence is not used. `masked`: what is left of a
        text for others; what the ears read nobody has looked at before."""
        super().__init__()
        self._translations = translations
        self._call = call
        self._default = default
        self._target = target
        self._least = least
        self._masked = masked

    async def handle(self, frame: LLMContextFrame) -> AsyncIterator[Frame]:
        language, text = LANGUAGE.of(frame) or self._default, last_said(frame)
        if frame.speculation or not text or language == self._target or STRANGE.of(frame):
            yield frame
            return
        if self._translations.names:
            found = await self._translations.read(text, language, self._target, call=self._call)
        else:
            found = await self._translations.roughly(ROUGH.of(frame), text, language, self._target)
        if found is not None and found.rough and self._masked(found.text) != found.text:
            found = None  # something personal, of which the caller's words showed nothing
        if found is None or found.confidence < self._least:
            yield frame
        else:
            yield READING.on(rewrite(frame), found)


class Ahead:
    """Has a turn read while it is still being said."""

    def __init__(self, translations: Translations, *, target: str) -> None:
        self._translations = translations
        self._target = target

    def heard(self, text: str, language: str) -> None:
        if language != self._target and could_end(text):
            self._translations.warm(text, language, self._target)

    def forget(self) -> None:
        """What is under way is of use to the next who says it."""


class Guesses:
    """Several who prepare themselves, told of the same words."""

    def __init__(self, guesses: Sequence[Guess]) -> None:
        self._guesses = tuple(guesses)

    def heard(self, text: str, language: str) -> None:
        for guess in self._guesses:
            guess.heard(text, language)

    def forget(self) -> None:
        for guess in self._guesses:
            guess.forget()
