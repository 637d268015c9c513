"""Route: each finished turn goes to the cheapest answerer that may be trusted with it."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from secrets import token_bytes

from pipecat.frames.frames import Frame, LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext, LLMContextMessage

from knowledge.alarm import Alarm, alarm
from knowledge.answers import Answer, Question
from knowledge.clerk import Clerk
from knowledge.decisions import Found, Knower, Known
from knowledge.departments import named_in
from knowledge.events import Decided, Emit, Wished
from knowledge.persona import Persona, Phrase
from knowledge.policy import Policy
from knowledge.routing import Decision, choose, ticket
from knowledge.routing import Route as Answering
from knowledge.translation import Translation
from knowledge.wishes import Wish, recognise
from processors.conversation import asked, conversation
from processors.frames import (
    CONFIDENCE,
    DOUBTFUL,
    LANGUAGE,
    PACE,
    READING,
    STRANGE,
    TURN,
    WANTED,
    HangUpFrame,
    PersonFrame,
    WishFrame,
    rewrite,
    speech,
)
from processors.note import note
from processors.stage import Stage

_ABOUT = 0.5
"""Confidence from which a turn is about the best entry's department."""
_LATELY = 3
"""Turns of the caller that a colleague is told of."""
SLOWER = 0.8
"""Pace of the voice after "slower, please"."""
_YES = frozenset(
    {"yes", "yes please", "sure", "please", "okay", "sí", "si", "sí por favor", "claro"}
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the caller asked, and how it is to be answered."""

    text: str
    language: str
    number: int
    confidence: float
    doubtful: bool = False
    reading: Translation | None = None
    strange: bool = False
    """In a language that the agent does not speak."""


class Route(Stage[Frame]):
    accepts = (LLMContextFrame, WishFrame)
    deadline = 1.0
    """Who knows may ask a network twice, for a sentence and for its end, each time within 0.3 s."""

    def __init__(
        self,
        knower: Knower,
        policy: Callable[[], Policy],
        persona: Persona,
        *,
        call: str,
        languages: Sequence[str],
        model_available: bool,
        emit: Emit,
        wished: Callable[[Wish], None],
        clerk: Clerk | None = None,
    ) -> None:
        """`policy` as it holds for this call now. `wished` is told at once of what the caller wants
        of the call itself. `languages`: those that the agent speaks. `clerk`: of the model's tools,
        where it has any."""
        super().__init__()
        self._clerk = clerk
        self._languages = tuple(languages)
        self._knower = knower
        self._policy = policy
        self._persona = persona
        self._call = call
        self._model_available = model_available
        self._emit = emit
        self._wished = wished
        self._pace = 1.0
        self._asked_back = 0
        self._offered = False
        """The caller was just offered a person: a "yes" means that."""
        self._language = "en"
        self._turn = 0
        self._department = ""
        """What the caller was last talking about."""

    async def handle(self, frame: Frame) -> AsyncIterator[Frame]:
        if isinstance(frame, WishFrame):
            for made in self._grant(Wish(frame.wish), Turn("", self._language, self._turn, 1.0)):
                yield made
            return
        assert isinstance(frame, LLMContextFrame)
        said = conversation(frame.context)
        if frame.speculation or not said or said[-1][0] != "user":
            yield frame
            return
        texts = asked(said)
        turn = Turn(
            texts[-1],
            LANGUAGE.of(frame),
            TURN.of(frame),
            CONFIDENCE.of(frame),
            doubtful=DOUBTFUL.of(frame),
            reading=READING.of(frame),
            strange=bool(STRANGE.of(frame)),
        )
        self._language, self._turn = turn.language, turn.number
        for made in await self._reply(frame, turn, said, texts):
            yield made

    async def _reply(
        self, frame: LLMContextFrame, turn: Turn, said: list[tuple[str, str]], texts: list[str]
    ) -> list[Frame]:
        """Danger first, then what is wanted of the call, then what is asked."""
        summary = _summary(said)
        alarmed = alarm(turn.text)
        if alarmed is not None:
            first = [] if alarmed is Alarm.ANGER else self._emergency(turn)
            return [*first, *self._put_through(turn, summary)]
        wanted = recognise(turn.text)
        if wanted is None and self._offered and _plain(turn.text) in _YES:
            wanted = Wish.PERSON
        self._offered = False
        if wanted is not None:
            last = next((text for role, text in reversed(said) if role == "assistant" and text), "")
            return self._grant(wanted, turn, last, summary)
        if turn.strange:
            return self._not_spoken(turn)
        return self._answers(frame, turn, await self._decide(turn, texts), summary)

    async def _decide(self, turn: Turn, texts: list[str]) -> Decision:
        began = time.perf_counter()
        known = await self._best(turn, texts)
        answer = known.answer
        department = answer.department if answer else ""
        policy = self._policy()
        decision = choose(
            answer,
            policy.thresholds(department, self._call),
            model_available=self._model_available,
            ticket_id=ticket(time.time(), token_bytes(10)),
            asked_back=self._asked_back,
            doubtful=turn.doubtful,
            cached=bool(known.found),
        )
        if self._for_tools(decision):
            decision = replace(decision, route=Answering.MODEL, given_up=False)
        self._asked_back = self._asked_back + 1 if decision.route is Answering.CLARIFY else 0
        if decision.confidence >= _ABOUT and not (answer and answer.leaning):
            self._department = department
        self._tell(decision, turn, policy, time.perf_counter() - began, known.found)
        return decision

    def _for_tools(self, decision: Decision) -> bool:
        """A tool has just asked the caller for something, or knows better than what is written."""
        clerk = self._clerk
        if clerk is None:
            return False
        answer = decision.answer if decision.said else None
        return clerk.waiting or (answer is not None and clerk.covers(answer.entry))

    def _tell(
        self, decision: Decision, turn: Turn, policy: Policy, seconds: float, found: Found = ""
    ) -> None:
        answer = decision.answer
        thresholds = policy.thresholds(answer.department if answer else "", self._call)
        department = (answer and answer.department) or self._department
        sources = [answer.entry] if answer and decision.said else []
        if decision.route is Answering.MODEL:
            sources = list(dict.fromkeys(passage.entry for passage in decision.passages))
        self._emit(
            Decided(
                call=self._call,
                ticket_id=decision.ticket_id,
                route=decision.route,
                confidence=decision.confidence,
                entry=answer.entry if answer else "",
                department=department,
                language=turn.language,
                seconds=seconds,
                band=thresholds.band(decision.confidence),
                calibrated=department in policy.calibrated,
                cached=found,
                leaning=bool(answer and answer.leaning),
                differing=bool(answer and answer.differing),
                arm=policy.arm(department, self._call),
                sources=tuple(sources),
            )
        )

    async def _best(self, turn: Turn, texts: list[str]) -> Known:
        """A sentence that a pause cut in two is asked as one, unless its end stands alone."""
        question = Question(turn.text, turn.language, turn.confidence)
        if turn.reading is not None:
            question = replace(question, reading=turn.reading.text, sure=turn.reading.confidence)
        best = await self._knower.know(question)
        if len(texts) > 1 and not self._sure(best.answer):
            whole = await self._knower.know(replace(question, text=" ".join(texts), reading=""))
            if whole.answer and (not best.answer or _surer(whole.answer, best.answer)):
                best = whole
        return best

    def _sure(self, answer: Answer | None) -> bool:
        if answer is None:
            return False
        return answer.sure(self._policy().thresholds(answer.department, self._call).answer)

    def _answers(
        self, frame: LLMContextFrame, turn: Turn, decision: Decision, summary: str
    ) -> list[Frame]:
        match decision.route:
            case Answering.KNOWLEDGE | Answering.CACHE if decision.answer:
                answer = decision.answer
                frames = speech(
                    answer.text,
                    answer.language,
                    protected=answer.protected,
                    pace=self._pace,
                    route=decision.route,
                    turn=turn.number,
                )
                if answer.language == turn.language or answer.protected:
                    return frames  # a legal text is said as it is written
                return [WANTED.on(frame, turn.language) for frame in frames]
            case Answering.CLARIFY:
                return self._phrase(Phrase.ASK_BACK, turn, decision.route)
            case Answering.PERSON if decision.given_up:
                self._asked_back = 0
                return self._person(turn, summary)
            case Answering.PERSON:
                self._offered = True
                return self._phrase(Phrase.UNKNOWN, turn, decision.route)
            case _:
                return [self._for_model(frame, turn, decision)]

    def _for_model(self, frame: LLMContextFrame, turn: Turn, decision: Decision) -> Frame:
        """The context with what the model may answer from, in a copy: the history stays clean."""
        messages = frame.context.get_messages()
        beside: LLMContextMessage = {
            "role": "developer",
            "content": note(turn.language, decision.passages),
        }
        context = LLMContext([*messages[:-1], beside, messages[-1]])
        return PACE.on(rewrite(frame, context=context), self._pace)

    def _grant(self, wanted: Wish, turn: Turn, said: str = "", summary: str = "") -> list[Frame]:
        """`said`: what the agent said last."""
        self._emit(Wished(self._call, wanted.value))
        self._wished(wanted)
        if wanted is Wish.PERSON:
            return self._put_through(turn, summary)
        phrase = _PHRASES[wanted]
        if wanted is Wish.SLOWER:
            self._pace = SLOWER
        text = self._persona.say(phrase, turn.language, turn.number) if phrase else ""
        if wanted in (Wish.REPEAT, Wish.SLOWER):
            nothing = self._persona.say(Phrase.REPEAT_NOTHING, turn.language)
            text = f"{text} {said}".strip() or nothing
        frames = self._say(text, turn.language, turn.number, wanted.value)
        return [*frames, HangUpFrame()] if wanted is Wish.GOODBYE else frames

    def _put_through(self, turn: Turn, summary: str) -> list[Frame]:
        """A decision like any other, with a ticket of its own."""
        self._department = named_in(turn.text, self._persona.departments) or self._department
        decision = Decision(ticket(time.time(), token_bytes(10)), Answering.PERSON, None)
        self._tell(decision, turn, self._policy(), 0.0)
        return self._person(turn, summary)

    def _person(self, turn: Turn, summary: str) -> list[Frame]:
        frames = self._phrase(Phrase.PERSON, turn, Answering.PERSON)
        wish = PersonFrame(department=self._department, summary=summary)
        return [*frames, LANGUAGE.on(wish, turn.language)]

    def _not_spoken(self, turn: Turn) -> list[Frame]:
        """In each of our languages, the caller's last one first."""
        frames: list[Frame] = []
        for language in dict.fromkeys((turn.language, *self._languages)):
            text = self._persona.say(Phrase.OTHER_LANGUAGE, language, turn.number)
            frames += self._say(text, language, turn.number, Answering.CLARIFY)
        return frames

    def _emergency(self, turn: Turn) -> list[Frame]:
        text = self._persona.say(Phrase.EMERGENCY, turn.language)
        return speech(text, turn.language, protected=True, route=Answering.PERSON, turn=turn.number)

    def _phrase(self, phrase: Phrase, turn: Turn, route: str) -> list[Frame]:
        text = self._persona.say(phrase, turn.language, turn.number)
        return self._say(text, turn.language, turn.number, route)

    def _say(self, text: str, language: str, turn: int, route: str) -> list[Frame]:
        return speech(text, language, pace=self._pace, route=route, turn=turn)


_PHRASES: dict[Wish, Phrase | None] = {
    Wish.WAIT: Phrase.WAIT,
    Wish.GOODBYE: Phrase.GOODBYE,
    Wish.SLOWER: Phrase.SLOWER_OK,
    Wish.REPEAT: None,
}


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha() or c == " ").strip()


def _surer(one: Answer, other: Answer) -> bool:
    if one.leaning or other.leaning:
        return other.leaning and not one.leaning
    return one.confidence > other.confidence


def _summary(said: list[tuple[str, str]]) -> str:
    """What the caller said lately, for a colleague who will hear it read out."""
    return " ".join([text for role, text in said if role == "user"][-_LATELY:])
