"""The turns of a call, told by its events: what was heard, who answered, what was said."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.replaying.happened import Fields, Happened

Span = tuple[float, float]
"""Seconds of the recording."""
_SILENT = "filler"
"""A route whose words answer nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    number: int
    """0 where keys took it."""
    heard: str
    """Masked."""
    masked: bool
    keyed: bool
    """Keys were pressed: which ones stands nowhere."""
    route: str
    confidence: float
    entry: str
    said: str
    voice_to_voice: float | None
    spans: tuple[Span, ...] = field(repr=False)
    """Where the words were said."""


def turns(events: Iterable[Happened]) -> list[Turn]:
    fold = _Fold()
    for event in events:
        fold.take(event)
    return [draft.turn() for draft in fold.drafts if draft.number or draft.decided or draft.said]


@dataclass(slots=True)
class _Draft:
    number: int = 0
    keyed: bool = False
    words: list[Fields] = field(default_factory=list)
    decided: Fields | None = None
    over: Fields | None = None
    said: list[str] = field(default_factory=list)
    route: str = ""

    def turn(self) -> Turn:
        chosen = self.decided or self.over or Fields(route=self.route)
        over = self.over
        waited = over is not None and over.answer > 0 and not self.keyed
        return Turn(
            self.number,
            heard=" ".join(one.text for one in self.words if one.text),
            masked=any(one.masked for one in self.words),
            keyed=self.keyed,
            route=chosen.route,
            confidence=chosen.confidence,
            entry=chosen.entry,
            said=" ".join(self.said),
            voice_to_voice=over.decision + over.answer if waited and over else None,
            spans=tuple(one.span for one in self.words if one.span is not None),
        )


class _Fold:
    def __init__(self) -> None:
        self.drafts: list[_Draft] = []
        self._words: list[Fields] = []
        """Final ones, since the last turn was taken."""

    def take(self, event: Happened) -> None:
        told = event.fields
        last = self.drafts[-1] if self.drafts else None
        match event.kind:
            case "final":
                self._words.append(told)
            case "turn_taken":
                self._taken(told.turn)
            case "key" if last is None or not last.keyed or last.over is not None:
                self.drafts.append(_Draft(keyed=True))
            case "decided" if last is not None and last.over is None:
                last.decided = told
            case "turn" if last is not None and last.over is None:
                last.over = told
            case "sentence" if last is not None and told.route != _SILENT:
                self._sentence(last, told)
            case _:
                pass

    def _taken(self, number: int) -> None:
        last = self.drafts[-1] if self.drafts else None
        if last is not None and last.keyed and last.decided is None and not self._words:
            last.number = number  # the keys are what was taken
        else:
            self.drafts.append(_Draft(number, words=self._words))
        self._words = []

    def _sentence(self, last: _Draft, told: Fields) -> None:
        """One that comes when the turn is over belongs to nobody's: "are you still there?"."""
        if last.over is None:
            last.said.append(told.text.strip())
            last.route = last.route or told.route
