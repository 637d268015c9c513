"""Sanitize: from here on the caller's words hold nothing unspoken and nothing personal."""

from collections.abc import AsyncIterator, Callable

from pipecat.frames.frames import Frame, InterimTranscriptionFrame, TranscriptionFrame

from knowledge.privacy import Redactor
from knowledge.privacy.vault import Vault
from knowledge.sanitizing import sanitize
from processors.frames import DOUBTFUL, MASKED, rewrite
from processors.stage import Stage

Transcript = TranscriptionFrame | InterimTranscriptionFrame


def _nobody(_shown: str, _said: str) -> None: ...


class Sanitize(Stage[Transcript]):
    """What is masked goes to the call's vault, and to who collects a number in the call itself."""

    accepts = (TranscriptionFrame, InterimTranscriptionFrame)
    direct = True  # it waits for nothing

    def __init__(
        self,
        redactor: Redactor,
        vault: Vault,
        *,
        longest: int,
        least: float,
        heard: Callable[[str, str], None] = _nobody,
    ) -> None:
        """`longest`: characters of a transcript. `least`: share of its characters that have to be
        a caller's words; of a transcript with fewer the caller is asked again. `heard` of final
        ones: as they go on, and with nothing masked."""
        super().__init__()
        self._redactor = redactor
        self._vault = vault
        self._longest = longest
        self._least = least
        self._heard = heard

    async def handle(self, frame: Transcript) -> AsyncIterator[Frame]:
        clean = sanitize(frame.text, longest=self._longest)
        if isinstance(frame, InterimTranscriptionFrame):
            redacted = self._redactor.glance(clean.text)
        else:
            redacted = self._redactor.read(clean.text)
            self._vault.keep(redacted.masked)
            self._heard(redacted.text, clean.text)
        # the recogniser's own answer says it all
        made = rewrite(frame, text=redacted.text, result=None)
        MASKED.on(made, bool(redacted.masked) or len(frame.text) > self._longest)
        yield DOUBTFUL.on(made, DOUBTFUL.of(frame) or clean.confidence < self._least)
