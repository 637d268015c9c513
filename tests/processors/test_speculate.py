"""What is prepared before the caller has finished, and what is not."""

import asyncio
from collections.abc import Mapping

from pipecat.frames.frames import InterimTranscriptionFrame, TranscriptionFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from knowledge.answers import Answer, Question
from processors.contract.bench import Bench
from processors.frames import LANGUAGE
from processors.speculate import Speculation
from processors.turns.silero import Silero
from processors.turns.taking import Patience, TurnTaking
from tests.eventually import until

ANSWERS = {"what is a deductible": 0.97, "what is it": 0.4}


class Knows:
    """Sure or not, as it is told; `asked` in order."""

    def __init__(self, answers: Mapping[str, float]) -> None:
        self._answers = answers
        self.asked: list[Question] = []

    async def answer(self, question: Question) -> Answer | None:
        self.asked.append(question)
        sure = self._answers.get(question.text)
        if sure is None:
            return None
        return Answer(f"About: {question.text}.", sure, "e", "claims", question.language)


class Mouth:
    def __init__(self) -> None:
        self.began: list[tuple[str, str]] = []
        self.warmed: list[tuple[str, str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def warm(self, text: str, language: str) -> None:
        self.began.append((text, language))
        await self.open.wait()
        self.warmed.append((text, language))


def sure(answer: Answer) -> bool:
    return answer.confidence >= 0.9


async def test_a_sure_answer_is_prepared_in_its_language() -> None:
    knows, mouth = Knows(ANSWERS), Mouth()
    Speculation(knows, sure, mouth.warm).heard("what is a deductible", "en")
    await until(lambda: bool(mouth.warmed))
    assert mouth.warmed == [("About: what is a deductible.", "en")]


async def test_half_a_sentence_asks_nobody_and_a_doubtful_one_prepares_nothing() -> None:
    knows, mouth = Knows(ANSWERS), Mouth()
    speculation = Speculation(knows, sure, mouth.warm)
    for text in ("what is", "what is it", "well", "and"):
        speculation.heard(text, "en")
        await asyncio.sleep(0)
    await until(lambda: bool(knows.asked))
    assert [question.text for question in knows.asked] == ["what is it"]
    assert mouth.began == []


async def test_the_same_words_are_asked_once() -> None:
    knows, mouth = Knows(ANSWERS), Mouth()
    speculation = Speculation(knows, sure, mouth.warm)
    for _ in range(3):
        speculation.heard("what is a deductible", "en")
        await until(lambda: bool(mouth.warmed))
    assert len(knows.asked) == 1


async def test_it_is_thrown_away_when_the_words_change() -> None:
    knows, mouth = Knows(ANSWERS), Mouth()
    mouth.open.clear()
    speculation = Speculation(knows, sure, mouth.warm)
    speculation.heard("what is a deductible", "en")
    await until(lambda: bool(mouth.began))
    speculation.heard("what is a deductible for glass", "en")
    mouth.open.set()
    await until(lambda: len(knows.asked) == 2)
    assert mouth.warmed == []


async def test_a_broken_answerer_prepares_nothing() -> None:
    class Broken:
        async def answer(self, question: Question) -> Answer | None:
            raise OSError

    mouth = Mouth()
    speculation = Speculation(Broken(), sure, mouth.warm)
    speculation.heard("what is a deductible", "en")
    await asyncio.sleep(0)
    speculation.forget()
    assert mouth.began == []


async def test_the_users_turn_tells_of_words_before_they_are_final() -> None:
    told: list[tuple[str, str]] = []

    class Listens:
        forgotten = 0

        def heard(self, text: str, language: str) -> None:
            told.append((text, language))

        def forget(self) -> None:
            self.forgotten += 1

    async def silent(_prompt: int) -> None: ...

    listens = Listens()
    taking = TurnTaking(
        LLMContext(),
        Silero(),
        None,
        language="en",
        barge_in="words",
        patience=Patience(),
        silent=silent,
        guess=listens,
    )
    taking.hearing.speaking = True
    frames = [
        InterimTranscriptionFrame("what is", "caller", ""),
        LANGUAGE.on(TranscriptionFrame("What is a deductible?", "caller", ""), "es"),
        InterimTranscriptionFrame("and", "caller", ""),
    ]
    async with Bench(taking.user()) as bench:
        for frame in frames:
            frame.interruptible = False
            await bench.send(frame)
        await until(lambda: len(told) == 3)
    assert told == [
        ("what is", "en"),
        ("What is a deductible?", "es"),
        ("What is a deductible? and", "es"),
    ]
    assert listens.forgotten > 0
