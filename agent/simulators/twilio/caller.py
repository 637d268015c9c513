"""The person on the line: listens, speaks, interrupts, presses keys, hangs up."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.simulators.twilio import measures
from agent.simulators.twilio.clip import Clip
from agent.simulators.twilio.mouth import Utterance

if TYPE_CHECKING:
    from agent.simulators.twilio.call import Call

PAUSE = 0.8
"""Seconds of silence after which the agent seems to have finished."""
PATIENCE = 20.0
"""Seconds a caller waits for anything."""
KEY = 0.15
"""Seconds between two keys."""


class Unmet(Exception):
    """What the caller waited for did not happen."""


class CallOver(Exception):
    """The call ended while the caller still waited for something."""


class Caller:
    def __init__(self, call: "Call") -> None:
        self._call = call
        self._waits: list[tuple[Callable[[float], bool], asyncio.Future[None]]] = []
        self._heard_from = 0.0
        self._over = False

    @property
    def call_sid(self) -> str:
        return self._call.sid

    @property
    def stream_sid(self) -> str:
        stream = self._call.stream
        return "" if stream is None else stream.sid

    @property
    def turns(self) -> tuple[measures.Turn, ...]:
        """As measured up to now."""
        return self._call.turns()

    @property
    def margins(self) -> tuple[float, ...]:
        """Seconds by which the agent's speech came before it was needed, piece by piece."""
        return tuple(self._call.ear.margins)

    async def hear(self, *, within: float = PATIENCE) -> None:
        """Until the agent is audible, since the caller last finished speaking or listening."""
        ear, since = self._call.ear, self._heard_from
        await self.until(lambda _: ear.audible_since(since), within, "to hear the agent")

    async def listen(self, *, pause: float = PAUSE, within: float = PATIENCE) -> None:
        """Until the agent has said something and has been silent for `pause` seconds."""
        await self.hear(within=within)
        await self.quiet(pause)

    async def quiet(self, seconds: float, *, within: float = 120.0) -> None:
        """Until the agent has been silent for so long."""
        ear = self._call.ear
        await self.until(
            lambda now: ear.quiet_for(now) >= seconds, within, "for the agent to be silent"
        )
        self._heard_from = time.monotonic()

    async def say(self, clip: Clip, *, wants_answer: bool = True) -> Utterance:
        """Returns at the last sample of speech. `wants_answer=False`: "uh-huh" and the like."""
        clip.prepare()
        utterance = self._call.mouth.say(clip, wants_answer=wants_answer)
        within = clip.seconds + PATIENCE
        await self.until(
            lambda now: utterance.ended is not None and utterance.ended <= now, within, "to speak"
        )
        assert utterance.ended is not None
        self._heard_from = utterance.ended
        return utterance

    async def interrupt(
        self, clip: Clip, *, after: float, wants_answer: bool = True, within: float = PATIENCE
    ) -> Utterance:
        """Speaks when the agent has been speaking for `after` seconds."""
        await self.hear(within=within)
        ear = self._call.ear

        def due(now: float) -> bool:
            onset = ear.onset(PAUSE)
            return onset is not None and now - onset >= after

        await self.until(due, within, "to interrupt the agent")
        return await self.say(clip, wants_answer=wants_answer)

    async def meet(self, *, within: float = PATIENCE) -> None:
        """Until the caller is in a conference that has started."""

        def met(_now: float) -> bool:
            seat = self._call.seat
            return seat is not None and seat.began is not None

        await self.until(met, within, "to be joined with somebody")

    async def press(self, digits: str) -> None:
        for index, digit in enumerate(digits):
            if index:
                await self.silence(KEY)
            await self._call.press(digit)

    async def silence(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        await self.until(lambda now: now >= end, seconds + PATIENCE, "in silence")

    async def stay(self, *, within: float = 60.0) -> None:
        """Until the agent ends the call."""
        try:
            await self.until(lambda _: False, within, "for the agent to hang up")
        except CallOver:
            return

    async def send(self, message: str | bytes) -> None:
        """Into the media socket as it is, for tests of malformed streams."""
        if self._call.stream is not None:
            await self._call.stream.raw(message)

    def break_stream(self) -> None:
        """Cuts the media connection without a close frame; the call goes on as TwiML says."""
        if self._call.stream is not None:
            self._call.stream.cut()

    def freeze_stream(self) -> None:
        """The media connection passes nothing any more, and neither side is told of it."""
        if self._call.stream is not None:
            self._call.stream.freeze()

    async def open_again(self, *, seconds: float = 0.5) -> measures.StreamReport:
        """A second stream for this call with the first one's parameters, for so long."""
        return await self._call.duplicate(seconds)

    def hang_up(self) -> None:
        self._call.end("caller")

    async def until(self, ready: Callable[[float], bool], within: float, what: str) -> None:
        """`ready(now)` is asked every 20 ms. Raises `Unmet`, `CallOver`."""
        if self._over:
            raise CallOver(f"the call ended while the caller waited {what}")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wait = (ready, done)
        self._waits.append(wait)
        try:
            async with asyncio.timeout(within):
                await done
        except TimeoutError:
            raise Unmet(f"waited {within:g} s {what}") from None
        finally:
            self._waits.remove(wait)
        if self._over:
            raise CallOver(f"the call ended while the caller waited {what}")

    def tick(self, now: float) -> None:
        for ready, done in self._waits:
            if not done.done() and ready(now):
                done.set_result(None)

    def over(self) -> None:
        self._over = True
        for _, done in self._waits:
            if not done.done():
                done.set_result(None)
