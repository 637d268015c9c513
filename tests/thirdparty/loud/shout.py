"""Shout: what the caller says, in capital letters."""

from collections.abc import AsyncIterator

from pipecat.frames.frames import Frame, TranscriptionFrame

from processors.frames import LANGUAGE, rewrite
from processors.stage import Stage


class Shout(Stage[TranscriptionFrame]):
    accepts = TranscriptionFrame

    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        louder = rewrite(frame, text=frame.text.upper(), interruptible=False)
        yield LANGUAGE.on(louder, (frame.language or "en")[:2])
