"""What Twilio does with calls that the agent does not take."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.line import twiml
from agent.line.twiml import Said
from knowledge.persona import Phrase

_NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Twilio's own voice speaks, as none of ours is at hand: in each language, as nobody has heard
    the caller yet."""

    public: str = ""
    """Root of the service."""
    say: Callable[[Phrase, str], str] = lambda _phrase, _language: ""
    languages: Sequence[str] = ()
    departments: Mapping[str, str] = field(default_factory=dict)
    """Numbers: the only ones that are ever dialled."""
    when_full: str = "sentence"
    """As WHEN_FULL."""

    def full(self, called: str) -> str:
        kind, _, name = self.when_full.partition(":")
        if kind == "queue":
            return twiml.enqueue((), name)
        if kind == "department":
            return self._dial((), self.departments[name], called)
        return twiml.say_and_hangup(*self._said(Phrase.FULL))

    def person(self, called: str) -> str:
        """To the first department that has a number."""
        number = next(iter(self.departments.values()), "")
        if not number:
            return self.full(called)
        return self._dial(self._said(Phrase.PERSON), number, called)

    def dialled(self, status: str) -> str:
        """What follows a number, by Twilio's DialCallStatus."""
        if status in {"completed", "answered"}:
            return twiml.hangup()
        return twiml.say_and_hangup(*self._said(Phrase.BUSY))

    def _said(self, phrase: Phrase) -> list[Said]:
        return [Said(self.say(phrase, language), language) for language in self.languages]

    def _dial(self, said: Sequence[Said], number: str, called: str) -> str:
        action = f"{self.public}/twilio/dialled"
        caller_id = called if _NUMBER.fullmatch(called) else ""
        return twiml.dial(said, number, caller_id=caller_id, action=action)
