"""Consent: a caller is told of the recording or asked for it, and a refusal is respected."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agent.recording.observer import RecordingObserver
from agent.recording.recorder import Recorder
from agent.recording.studio import Studio
from knowledge import consent as saying
from knowledge.events import Consent as Answer
from knowledge.persona import Phrase
from knowledge.privacy import Redactor
from knowledge.replies import Reply

if TYPE_CHECKING:
    from agent.call import Call


class Consent:
    """A call's own. `studio`: None where nothing is ever recorded."""

    def __init__(self, call: "Call", studio: Studio | None) -> None:
        self._call = call
        self.recorder = Recorder(call.sid, studio)
        self._studio = studio if studio is not None and studio.mode != "off" else None
        self._asked = False
        """The caller was asked, and has said nothing since."""

    def observers(self, redactor: Callable[[], Redactor]) -> Sequence[RecordingObserver]:
        """None where nothing is recorded: each costs every frame something. `redactor` of the
        agent's own words."""
        return [RecordingObserver(self.recorder, redactor())] if self._studio is not None else []

    def begin(self, *, again: bool) -> None:
        """`again`: a later stream of the call, recorded only where it is known here that the caller
        has no objection."""
        studio, sid = self._studio, self._call.sid
        if studio is None:
            return
        if not again and studio.mode == "on":
            studio.allow(sid)
        self._asked = not again and studio.mode == "consent"
        if studio.allowed(sid):
            self.recorder.begin()

    async def tell(self, language: str) -> None:
        """After the greeting, to its end: that the call is recorded, or whether it may be."""
        if self._asked or self.recorder.on:
            phrase = Phrase.MAY_RECORD if self._asked else Phrase.RECORDED
            text = self._call.persona.say(phrase, language)
            await self._call.speak(text, language, protected=True)

    def answered(self, text: str, _language: str) -> Phrase | None:
        """What is said to a turn that concerns the recording; None: it is for somebody else."""
        if self._studio is None:
            return None
        asked, self._asked = self._asked, False
        if asked:
            return self._reply(saying.consent(text), text)
        if not saying.refuses(text):
            return None
        recorded = self._refuse("withdrawn" if self.recorder.on else "refused")
        return self._told(Phrase.RECORDING_DELETED if recorded else Phrase.NOT_RECORDED, text)

    async def close(self) -> None:
        """The stream is over."""
        if self._asked:
            self._note("unanswered")
        await self.recorder.close()

    def _reply(self, reply: Reply | None, text: str) -> Phrase | None:
        assert self._studio is not None
        if reply is Reply.YES:
            self._studio.allow(self._call.sid)
            self._note("given")
            self.recorder.begin()
            return Phrase.RECORDING_OK
        if reply is Reply.NO:
            self._refuse("refused")
            return self._told(Phrase.NOT_RECORDED, text)
        self._note("unanswered")
        return None

    def _refuse(self, answer: str) -> bool:
        """Whether there was a recording."""
        assert self._studio is not None
        recorded = self.recorder.on
        self.recorder.discard()
        self._studio.refuse(self._call.sid)
        self._note(answer)
        return recorded

    def _told(self, phrase: Phrase, text: str) -> Phrase | None:
        """Whoever says more than that is told, and answered as well."""
        if saying.alone(text):
            return phrase
        self._call.own(self._call.say(phrase))
        return None

    def _note(self, answer: str) -> None:
        self._call.emit(Answer(self._call.sid, answer))
