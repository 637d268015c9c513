"""Localize: a known answer that has no text in the caller's language is said in it all the same."""

from collections.abc import AsyncIterator

from pipecat.frames.frames import Frame, LLMTextFrame

from knowledge.translation import WITHIN, Translations
from processors.frames import LANGUAGE, WANTED, rewrite
from processors.stage import Stage


class Localize(Stage[LLMTextFrame]):
    """Where no translation comes in time, or a doubtful one, it is said as it is written."""

    accepts = LLMTextFrame
    deadline = WITHIN + 0.1

    def __init__(self, translations: Translations, *, least: float) -> None:
        """`least`: a translation of less confidence is not said."""
        super().__init__()
        self._translations = translations
        self._least = least

    async def handle(self, frame: LLMTextFrame) -> AsyncIterator[Frame]:
        written, wanted = LANGUAGE.of(frame), WANTED.of(frame)
        found = None
        if wanted not in {"", written}:
            found = await self._translations.read(frame.text, written, wanted)
        if found is None or found.confidence < self._least:
            yield frame
        else:
            yield LANGUAGE.on(rewrite(frame, text=found.text), wanted)
