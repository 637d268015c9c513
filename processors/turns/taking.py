"""One call's turn taking: its parts share what is heard and who has the floor."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from knowledge.spoken import Languages, Speaking
from processors.turns.agent import AgentTurn
from processors.turns.echo import Echo
from processors.turns.floor import BargeIn, Floor
from processors.turns.hear import Hear, Hearing
from processors.turns.idle import Idle
from processors.turns.silero import Silero
from processors.turns.smartturn import SmartTurn
from processors.turns.start import HoldThenDecide
from processors.turns.stop import EndOfTurn
from processors.turns.user import Guess, UserTurn

JUDGED = frozenset({"en"})
"""Languages in which the end-of-turn model tells a pause from an end; Spanish is none of them."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the caller is waited for, in seconds."""

    turn: float = 1.2
    """Silence that ends even a turn that sounds unfinished."""
    longest: float = 30.0
    """A whole turn."""
    idle: float = 8.0
    """Silence after which the agent asks whether somebody is there."""


class TurnTaking:
    def __init__(
        self,
        context: LLMContext,
        silero: Silero,
        smart_turn: SmartTurn | None,
        *,
        language: str,
        barge_in: BargeIn,
        patience: Patience,
        silent: Callable[[int], Awaitable[None]],
        guess: Guess | None = None,
        languages: Languages | None = None,
    ) -> None:
        """`language`: until the caller has spoken. `languages`: None leaves it to the recogniser
        which language a turn is in."""
        self.floor = Floor(barge_in)
        self.hearing = Hearing()
        self.echo = Echo()
        self.idle = Idle(patience.idle, patience.longest, time.monotonic())
        self._silero = silero
        self._smart_turn = smart_turn
        self._context = context
        strategies = UserTurnStrategies(
            start=[HoldThenDecide(self.floor, self.hearing)],
            stop=[
                EndOfTurn(
                    self.floor,
                    self.hearing,
                    patience=patience.turn,
                    longest=patience.longest,
                )
            ],
        )
        self._user = UserTurn(
            context,
            strategies,
            floor=self.floor,
            hearing=self.hearing,
            idle=self.idle,
            speaking=Speaking(languages, language),
            silent=silent,
            guess=guess,
        )
        self._agent = AgentTurn(context)

    @property
    def language(self) -> str:
        """Of the caller's last turn."""
        return self._user.speaking.language

    def speak(self, language: str) -> None:
        """The call's language where it is known from elsewhere, such as a resumed call."""
        self._user.speaking.language = language

    def judged(self) -> bool:
        """Whether the end-of-turn model is asked about a pause: within a turn, and in what may
        become one, of a language that it knows."""
        said = self.floor.in_turn or self.floor.watching
        return self._smart_turn is not None and said and self.language in JUDGED

    def waiting(self) -> bool:
        """Whether the caller is silent and is owed an answer of which nothing sounds."""
        return self.floor.owing and not self.hearing.speaking

    def still(self) -> bool:
        """Whether the caller is silent and nothing waits for that: the beginning of a sound may be
        heard some hundredths of a second later."""
        return self.hearing.silent and not (self.floor.in_turn or self.floor.watching)

    def hear(self) -> Hear:
        return Hear(
            self._silero,
            self._smart_turn,
            self.hearing,
            self.echo,
            judged=self.judged,
            in_turn=lambda: self.floor.in_turn,
        )

    def user(self) -> UserTurn:
        return self._user

    def agent(self) -> AgentTurn:
        return self._agent
