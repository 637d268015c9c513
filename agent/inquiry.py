"""One question over HTTP: decided as a turn is, and written down as one."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from agent.providers import Providers
from knowledge.answers import Question
from knowledge.ask import Asked, decide, told
from knowledge.events import Decided
from knowledge.sanitizing import sanitize


def inquire(providers: Providers) -> Callable[[str, str], Awaitable[Asked]]:
    """A function of a text and its language ("" to have it guessed), which may raise Fault."""

    async def ask(text: str, language: str) -> Asked:
        began = time.perf_counter()
        settings = providers.settings
        clean = sanitize(text, longest=settings.input_processing_max_text_length).text
        text = providers.redactor().read(clean).text
        spoken = language or providers.detector.detect(text).language
        target = settings.input_processing_target_language
        found = await providers.translations.read(text, spoken, target)
        sure = settings.input_processing_min_translation_confidence
        question = Question(text, spoken)
        if found is not None and found.confidence >= sure:
            question = replace(question, reading=found.text, sure=found.confidence)
        best = await providers.answering.shelf.answer(question)
        policy = providers.policy()
        department = best.department if best else ""
        thresholds = policy.thresholds(department, "")
        decision = decide(text, best, thresholds, model_available=providers.model_available)
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
                band=thresholds.band(decision.confidence),
                calibrated=department in policy.calibrated,
                leaning=bool(best and best.leaning),
                differing=bool(best and best.differing),
                sources=(best.entry,) if best and decision.said else (),
            )
        )
        return told(decision, spoken, seconds)

    return ask
