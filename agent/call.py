"""One telephone call: begin or resume, talk, end; exactly one outcome."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import LLMRunFrame
from pipecat.processors.aggregators.llm_context import LLMContext, LLMContextMessage
from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    UserTurnMessageAddedMessage,
)
from pipecat.processors.frame_processor import FrameProcessor

from agent import parting
from agent.acquaintance import Acquaintance
from agent.exchanges import Exchanges
from agent.lastword import LastWord
from agent.line.line import Line
from agent.line.rest import CallGone, TwilioError
from agent.line.stream import MediaStream
from agent.operator import Operator
from agent.recording.consent import Consent
from agent.running import Running
from agent.standing import Standing
from agent.transfer import Transfer
from agent.watch.turn import TurnObserver
from agent.welcome import welcome
from knowledge.events import FINAL, Began, Ended
from knowledge.persona import Phrase
from knowledge.policy import Policy
from knowledge.privacy.vault import Vault
from knowledge.recollection import Recollection
from knowledge.wishes import Wish
from processors.frames import LANGUAGE, HangUpFrame, PersonFrame, UnspokenFrame, speech
from processors.turns.taking import Patience, TurnTaking

if TYPE_CHECKING:
    from agent.providers import Providers

Stages = Callable[["Call"], list[FrameProcessor]]
"""What `serve --pipeline module:attr` names."""

_NONE: Mapping[str, str] = MappingProxyType({})
MOMENT = 60.0
"""Seconds without an idle prompt after "wait a moment"."""
IDLE_PROMPTS = 2
"""Prompts in one silence before the call is ended politely."""
GOES_ON = frozenset({"lost", "moved", "superseded", "stopped"})
"""Outcomes after which the next stream says once more what was being said."""
LAST_WORDS = 15.0
"""Seconds that a farewell has to be heard before the call ends without it."""
HANG_UP = 4.0
"""Seconds in which Twilio ends the stream of a call that we ended; then we close it."""


class State(Enum):
    TALKING = auto()
    ENDING = auto()
    """The agent has decided to end it; the last words are on their way."""
    OVER = auto()


class Call:
    """The call's own state machine. Providers are the process's, everything else is this call's."""

    def __init__(
        self,
        stream: MediaStream,
        providers: "Providers",
        stages: Stages,
        *,
        operator: Operator | None = None,
        parameters: Mapping[str, str] = _NONE,
    ) -> None:
        """`operator`: None puts nobody through. `parameters`: of the TwiML that opened the
        stream."""
        self.sid = stream.call
        self.state = State.TALKING
        self.outcome = ""
        self.persona = providers.persona
        self.knowledge = providers.knower(stream.call)
        self.model_available = providers.model_available
        self.emit = providers.emit
        self._providers = providers
        self._stages = stages
        self._stream = stream
        self._over = asyncio.Event()
        """The stream has ended, or is to be ended."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: Running | None = None
        self._began = time.monotonic()
        self._insisting: asyncio.Task[None] | None = None
        """Ends the call although its last words were never heard."""
        self._too_long = False
        self._back = parameters.get("back")
        """The department to which a transfer has failed after the caller had left the stream."""
        settings = providers.settings
        self._acquaintance = Acquaintance(
            providers.memory,
            providers.callers,
            stream.call,
            parameters.get("caller", ""),
            languages=settings.languages,
        )
        self.exchanges = Exchanges(self._acquaintance)
        self.languages = settings.languages
        self.home = settings.languages[0]
        """The company's own language."""
        self.transfer = Transfer(
            self, operator or Operator.none(), settings.departments, parameters.get("called", "")
        )
        said = parameters.get("said", "")
        self._again = "again" in parameters
        """It was here before: this is not its first stream."""
        self._unnoticed = bool(said) or "moved" in parameters
        """The caller was taken out of the last stream by us, in a pause."""
        self.lastword = LastWord(self, providers.rest, settings.public, said)
        self.consent = Consent(self, providers.studio)

    async def run(self) -> str:
        """Until the stream is over; the outcome that its record has."""
        try:
            recalled = await self._acquaintance.recall(again=self._again)
            self.emit(Began(self.sid, recalled.greeted, self._acquaintance.caller))
            async with self._providers.entrance:
                composed = self.compose(recalled)
                self._stream.open()
                self._remember()
                await asyncio.sleep(0)  # half of the work is done: others first
            observers = [self._observer, *self.consent.observers(self._providers.redactor)]
            self._running = await Running.start(self.sid, composed, observers)
            await welcome(self, recalled, back=self._back, unnoticed=self._unnoticed)
            await self._talk(self._running.task)
        finally:
            self.state = State.OVER
            self.outcome = self.outcome or "failed"
            try:
                await asyncio.gather(
                    self._stream.close(),
                    self._stop(),
                    self.transfer.close(),
                    self.consent.close(),
                )
            finally:
                if self.outcome in FINAL:
                    self.exchanges.over()
                self.emit(Ended(self.sid, self.outcome, time.monotonic() - self._began))
                self._acquaintance.left()
                if self._running is not None:
                    await self._running.finish()
            await parting.take_apart(self, self._tasks, self._running)
        return self.outcome

    @property
    def providers(self) -> "Providers":
        """Whom the call asks."""
        return self._providers

    @property
    def begun(self) -> bool:
        """Whether there is anybody in it yet who could speak."""
        return self._running is not None

    def policy(self) -> Policy:
        """The thresholds as they hold for this call now."""
        return self._providers.policy()

    def to_rate(self) -> str:
        """Ticket of the decision that a survey is about; "" where nobody is asked."""
        return self._observer.ticket if self._providers.settings.survey else ""

    def end(self, outcome: str) -> None:
        """The stream is to end now, whatever is being said."""
        self.outcome = self.outcome or outcome
        self._over.set()

    async def say(
        self, phrase: Phrase, *, language: str = "", then: HangUpFrame | PersonFrame | None = None
    ) -> None:
        """A fixed phrase, in the caller's language unless another is given, behind what is being
        said."""
        language = language or self.turns.language
        await self.speak(self.persona.say(phrase, language), language, then=then)

    async def speak(
        self,
        text: str,
        language: str,
        *,
        protected: bool = False,
        remembered: bool = True,
        then: HangUpFrame | PersonFrame | None = None,
    ) -> None:
        """`protected`: the caller's voice does not stop it. `remembered`: whether it is part of the
        conversation."""
        if self._running is None:
            return
        frames = speech(text, language, protected=protected, remembered=remembered, route="phrase")
        await self._running.put([*frames, then] if then else frames)

    async def ask_again(self, asked: str) -> None:
        """What the caller said on an earlier stream, and what no answer was heard to."""
        self.exchanges.asked(asked)
        if self._running is not None:
            await self._running.put([LLMRunFrame()])

    def wished(self, wish: Wish) -> None:
        if wish is Wish.WAIT:
            self.turns.idle.wait(time.monotonic(), MOMENT)

    def compose(self, recalled: Recollection) -> list[FrameProcessor]:
        """The call's stages, on everything that is this call's own."""
        settings, providers = self._providers.settings, self._providers
        language = recalled.language or settings.languages[0]
        self._context = LLMContext(self._history(recalled))
        self.turns = TurnTaking(
            self._context,
            providers.silero,
            providers.smart_turn,
            language=language,
            barge_in=settings.barge_in,
            patience=Patience(
                settings.turn_patience,
                settings.input_processing_voice_timeout,
                settings.idle_prompt,
            ),
            silent=self._silent,
            guess=providers.guess(self.sid),
            languages=providers.languages,
        )
        self._observer = TurnObserver(
            self.sid, providers.emit, self.turns.hearing, self.persona.hash
        )
        self.emit = self._observer.note
        self.line = Line(
            self._stream,
            self.turns,
            self.consent.recorder,
            holds=settings.barge_in != "off",
            emit=self.emit,
            asked=self._asked,
            ended=self._stream_ended,
        )
        self.ears = providers.ears(self.sid, self.emit)
        self.redactor, self.vault = providers.redactor(), Vault()
        self.longest_text = settings.input_processing_max_text_length
        self.least_sanitized = settings.input_processing_min_sanitization_confidence
        self.translations = providers.translations
        self.default_language = settings.input_processing_default_language
        self.target = settings.input_processing_target_language
        self.least_translated = settings.input_processing_min_translation_confidence
        self.collecting = providers.collecting()
        self.tools = providers.tools(self.sid, self.vault, self.collecting)
        clerk = self.tools.clerk if self.tools else None
        standing = Standing(self.sid, providers.seal, self.vault, clerk)
        standing.unpack(recalled.sealed)
        self.exchanges.sealed = standing.pack
        self.model = providers.model(self.sid, self.emit, self.tools)
        self.prepare = providers.ready.warm if providers.ready is not None else None
        self.voice = providers.voice(self.sid, self.emit, language)
        return self._stages(self)

    def _history(self, recalled: Recollection) -> list[LLMContextMessage]:
        messages: list[LLMContextMessage] = []
        for exchange in recalled.exchanges:
            if exchange.caller:
                messages.append({"role": "user", "content": exchange.caller})
            if exchange.agent:
                messages.append({"role": "assistant", "content": exchange.agent})
        if recalled.asked:
            messages.append({"role": "user", "content": recalled.asked})
        return messages

    def _remember(self) -> None:
        """What the caller said and what the caller heard go to memory as they are known."""
        self.turns.user().add_event_handler("on_user_turn_message_added", self._caller_said)
        self.turns.agent().add_event_handler("on_assistant_turn_stopped", self._agent_said)

    async def _caller_said(self, _user: object, message: UserTurnMessageAddedMessage) -> None:
        if self._insisting is not None and not self._too_long:
            self._insisting.cancel()  # somebody is there after all
            self._insisting, self.state = None, State.TALKING
        self.exchanges.asked(message.content)

    async def _agent_said(self, _agent: object, message: AssistantTurnStoppedMessage) -> None:
        if message.content:
            broken = self._over.is_set() and self.outcome in GOES_ON
            self.exchanges.heard(message.content, self.turns.language, broken=broken)

    async def _talk(self, running: asyncio.Task[None]) -> None:
        """Until the stream ends, the call is to end, or it has lasted too long."""
        over = asyncio.ensure_future(self._over.wait())
        try:
            limit = self._providers.settings.max_call
            done, _ = await asyncio.wait(
                {over, running}, timeout=limit, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                self._too_long = True
                await self._farewell(Phrase.TOO_LONG, "too_long")
                await asyncio.wait({over, running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()

    async def _silent(self, prompt: int) -> None:
        if prompt > IDLE_PROMPTS:
            await self._farewell(Phrase.IDLE_END, "idle")
        elif self.state is State.TALKING:
            await self.say(Phrase.IDLE if prompt == 1 else Phrase.IDLE_AGAIN)

    async def _farewell(self, phrase: Phrase, outcome: str) -> None:
        """Last words, then the end; the end also where the words cannot be spoken."""
        if self.state is not State.TALKING:
            return
        self.state = State.ENDING
        await self.say(phrase, then=HangUpFrame(outcome=outcome))
        self._insisting = self.own(self._insist(outcome))

    async def _insist(self, outcome: str) -> None:
        await asyncio.sleep(LAST_WORDS)
        await self.hang_up(outcome)

    def _asked(self, frame: PersonFrame | HangUpFrame | UnspokenFrame) -> None:
        """A wish whose sentence the caller has heard, or a sentence that nobody could speak."""
        if isinstance(frame, UnspokenFrame):
            self.lastword.begin(frame.text, frame.language)
        elif isinstance(frame, HangUpFrame):
            self.own(self.hang_up(frame.outcome))
        elif self.state is State.TALKING:
            language = LANGUAGE.of(frame) or self.turns.language
            self.transfer.begin(frame.department, frame.summary, language)

    async def hang_up(self, outcome: str) -> None:
        """Through Twilio's REST; without it, by closing the stream: the TwiML then says Hangup."""
        if self.state is State.OVER or self.outcome:
            return
        self.outcome = outcome
        self.state = State.ENDING
        await self._providers.endings.note(self.sid)
        rest = self._providers.rest
        if rest is not None:
            try:
                async with asyncio.timeout(HANG_UP):
                    await rest.hang_up(self.sid)
                    await self._over.wait()
            except (CallGone, TimeoutError):
                pass
            except TwilioError as error:
                logger.bind(call=self.sid, fault=str(error)).warning("hang-up by REST failed")
        self._over.set()

    async def leave(self, outcome: str) -> None:
        """Twilio takes the caller out of the stream, and then ends the stream itself."""
        self.outcome = self.outcome or outcome
        self.state = State.ENDING
        with suppress(TimeoutError):
            async with asyncio.timeout(HANG_UP):
                await self._over.wait()
        self._over.set()

    def _stream_ended(self, stopped: bool) -> None:
        if self.lastword.under_way:
            self.own(self._relayed())
        elif stopped and self.transfer.under_way:
            self.own(self._stopped())
        else:
            self.end("hung_up" if stopped else "lost")

    async def _stopped(self) -> None:
        """By the caller, or by our putting the caller through."""
        self.end("transferred" if await self.transfer.moved() else "hung_up")

    async def _relayed(self) -> None:
        self.end(await self.lastword.outcome())

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._running is not None:
            await self._running.stop(self.outcome)
            self._observer.close()

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that does not outlive the call."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
