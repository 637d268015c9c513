"""What a caller does, step by step."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from agent.simulators.twilio.caller import PATIENCE, PAUSE, Caller
from agent.simulators.twilio.clip import Clip


@dataclass(frozen=True, slots=True)
class Listen:
    """Until the agent has spoken and has been silent for `pause` seconds."""

    pause: float = PAUSE
    within: float = PATIENCE

    async def take(self, caller: Caller) -> None:
        await caller.listen(pause=self.pause, within=self.within)


@dataclass(frozen=True, slots=True)
class Hear:
    """Until the agent is audible."""

    within: float = PATIENCE

    async def take(self, caller: Caller) -> None:
        await caller.hear(within=self.within)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Until the agent has been silent for so long."""

    seconds: float

    async def take(self, caller: Caller) -> None:
        await caller.quiet(self.seconds)


@dataclass(frozen=True, slots=True)
class Say:
    clip: Clip
    wants_answer: bool = True

    async def take(self, caller: Caller) -> None:
        await caller.say(self.clip, wants_answer=self.wants_answer)


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Speaks when the agent has been speaking for `after` seconds."""

    clip: Clip
    after: float = 1.0
    wants_answer: bool = True

    async def take(self, caller: Caller) -> None:
        await caller.interrupt(self.clip, after=self.after, wants_answer=self.wants_answer)


@dataclass(frozen=True, slots=True)
class Press:
    digits: str

    async def take(self, caller: Caller) -> None:
        await caller.press(self.digits)


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller says nothing for so long."""

    seconds: float

    async def take(self, caller: Caller) -> None:
        await caller.silence(self.seconds)


@dataclass(frozen=True, slots=True)
class Send:
    """A message of Twilio's that Twilio would not send."""

    message: str | bytes

    async def take(self, caller: Caller) -> None:
        await caller.send(self.message)


@dataclass(frozen=True, slots=True)
class BreakStream:
    """The media connection is cut without a close frame."""

    async def take(self, caller: Caller) -> None:
        caller.break_stream()


@dataclass(frozen=True, slots=True)
class OpenAgain:
    """A second stream with the first one's token."""

    seconds: float = 0.5

    async def take(self, caller: Caller) -> None:
        await caller.open_again(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Stay:
    """Until the agent ends the call."""

    within: float = 60.0

    async def take(self, caller: Caller) -> None:
        await caller.stay(within=self.within)


@dataclass(frozen=True, slots=True)
class Meet:
    """Until the caller is joined with somebody in a conference."""

    within: float = PATIENCE

    async def take(self, caller: Caller) -> None:
        await caller.meet(within=self.within)


@dataclass(frozen=True, slots=True)
class HangUp:
    """Also what happens after the last step."""

    async def take(self, caller: Caller) -> None:
        caller.hang_up()


Step = (
    Listen
    | Hear
    | Quiet
    | Say
    | Interrupt
    | Press
    | Silence
    | Send
    | BreakStream
    | OpenAgain
    | Stay
    | Meet
    | HangUp
)
Script = Sequence[Step] | Callable[[Caller], Awaitable[None]]


async def follow(script: Script, caller: Caller) -> None:
    """Steps in order, or a coroutine function that uses the caller as it likes."""
    if callable(script):
        await script(caller)
        return
    for step in script:
        await step.take(caller)
        if isinstance(step, HangUp):
            return


def clips(script: Script) -> list[Clip]:
    """Recordings that the steps use."""
    steps: Iterable[Step] = () if callable(script) else script
    return [step.clip for step in steps if isinstance(step, Say | Interrupt)]
