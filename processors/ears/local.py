"""The embedded recogniser as a client: no network, no key, one utterance at a time."""

from collections.abc import AsyncGenerator

from knowledge.chain import Breaker
from processors.ears.mouth import Heard, Mouth
from processors.ears.whisper import Whisper


class Local:
    interims = False
    patience = 6.0
    """Seconds: an utterance may wait for others of the process."""

    def __init__(self, engine: Whisper, *, breaker: Breaker | None = None) -> None:
        self.name = "whisper"
        self.breaker = breaker or Breaker()
        self._engine = engine

    async def listen(self, mouth: Mouth) -> AsyncGenerator[Heard | None]:
        yield None
        language = ""
        while True:
            pcm, span = await mouth.utterance()
            since, until = mouth.seconds(span.start), mouth.seconds(span.stop)
            said = await self._engine.transcribe(
                pcm, call=mouth.call, emit=mouth.emit, familiar=language
            )
            if said is None:
                yield Heard("", until=until, since=since, final=True, answers=True)
                continue
            language = said.language
            yield Heard(
                said.text,
                until=until,
                since=since,
                final=True,
                answers=True,
                language=said.language,
                confidence=said.confidence,
                reading=said.reading,
            )

    async def probe(self) -> None:
        """It was loaded at start: there is nothing that could have gone away."""
