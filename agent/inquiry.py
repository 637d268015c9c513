"""One question over HTTP: decided as a turn is, and written down as one."""

import time
from collections.abc import Awaitable, Callable
from secrets import token_bytes

from agent.providers import Providers
from knowledge.answers import Question
from knowledge.ask import Asked, told
from knowledge.events import Decided
from knowledge.routing import choose, ticket


def inquire(providers: Providers) -> Callable[[str, str], Awaitable[Asked]]:
    """A function of a text and its language ("" to have it guessed), which may raise Fault."""

    async def ask(text: str, language: str) -> Asked:
        began = time.perf_counter()
        spoken = language or providers.detector.detect(text).language
        best = await providers.answering.shelf.answer(Question(text, spoken))
        policy = providers.policy()
        department = best.department if best else ""
        decision = choose(
            best,
            policy.thresholds(department, ""),
            model_available=providers.model_available,
            ticket_id=ticket(time.time(), token_bytes(10)),
        )
        seconds = time.perf_counter() - began
        providers.emit(
            Decided(
                call="",
                ticket_id=decision.ticket_id,
                route=decision.route,
                confidence=decision.confidence,
                entry=best.entry if best else "",
                department=department,
                language=spoken,
                seconds=seconds,
                calibrated=department in policy.calibrated,
                leaning=bool(best and best.leaning),
                sources=(best.entry,) if best and decision.said else (),
            )
        )
        return told(decision, spoken, seconds)

    return ask
