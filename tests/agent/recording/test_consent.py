"""A caller is told or asked, over as many streams as a call has."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from agent.call import Call
from agent.recording.consent import Consent
from agent.recording.studio import Studio, opened
from agent.settings import Settings
from knowledge import persona
from knowledge.events import Consent as Answer
from knowledge.events import Event
from knowledge.persona import Persona, Phrase
from tests.eventually import until

LONG = "Please don't record this. And what is a deductible, could you tell me that?"


@dataclass
class Talk:
    """As much of a call as consent needs."""

    sid: str
    persona: Persona = field(default_factory=persona.load)
    events: list[Event] = field(default_factory=list)
    spoken: list[tuple[str, bool]] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    async def speak(self, text: str, _language: str, *, protected: bool = False) -> None:
        self.spoken.append((text, protected))

    async def say(self, phrase: Phrase) -> None:
        self.spoken.append((phrase.value, False))

    def own(self, work: Coroutine[Any, Any, None]) -> None:
        """None of it waits for anything."""
        with suppress(StopIteration):
            work.send(None)

    @property
    def answers(self) -> list[str]:
        return [event.answer for event in self.events if isinstance(event, Answer)]


def consent(talk: Talk, studio: Studio) -> Consent:
    return Consent(cast("Call", talk), studio)


@asynccontextmanager
async def worker(folder: Path, mode: Literal["off", "on", "consent"]) -> AsyncIterator[Studio]:
    settings = Settings(recording=mode, recording_dir=folder)
    async with opened(settings, lambda _event: None) as studio:
        yield studio


async def test_where_nothing_is_recorded_nothing_is_said_of_it(tmp_path: Path) -> None:
    async with worker(tmp_path, "off") as studio:
        one = consent(talk := Talk("CA1"), studio)
        one.begin(again=False)
        await one.tell("en")
        assert one.answered("Please don't record this.", "en") is None
        await one.close()
        assert (talk.spoken, talk.answers) == ([], [])
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240


async def test_what_is_told_is_told_to_its_end_in_each_language(tmp_path: Path) -> None:
    async with worker(tmp_path, "on") as studio:
        one = consent(talk := Talk("CA1"), studio)
        one.begin(again=False)
        for language in ("en", "es"):
            await one.tell(language)
        assert one.recorder.on
        assert [text.split(".")[0] for text, _ in talk.spoken] == [
            "This call is recorded",
            "Esta llamada se graba",
        ]
        assert all(protected for _, protected in talk.spoken)
        await one.close()


async def test_a_refusal_holds_for_every_later_stream_of_the_call(tmp_path: Path) -> None:
    async with worker(tmp_path, "on") as studio:
        first = consent(talk := Talk("CA1"), studio)
        first.begin(again=False)
        await first.close()
        await until(lambda: len(list(tmp_path.glob("CA1-*.wav"))) == 1)
        second = consent(talk, studio)
        second.begin(again=True)
        assert second.recorder.on
        assert second.answered("No me grabe, por favor.", "es") is Phrase.RECORDING_DELETED
        assert second.answered("Stop recording.", "en") is Phrase.NOT_RECORDED
        await until(lambda: not list(tmp_path.iterdir()))
        third = consent(talk, studio)
        third.begin(again=True)
        assert not third.recorder.on
        assert talk.answers == ["withdrawn", "refused"]
        await third.close()


async def test_a_worker_that_does_not_know_what_the_caller_said_records_nothing(
    tmp_path: Path,
) -> None:
    for mode in ("on", "consent"):
        async with worker(tmp_path, mode) as studio:  # type: ignore[arg-type]
            one = consent(talk := Talk("CA1"), studio)
            one.begin(again=True)
            await one.tell("en")
            assert (one.recorder.on, talk.spoken) == (False, [])
            assert one.answered("Yes.", "en") is None
            await one.close()


async def test_who_says_more_than_a_refusal_is_told_and_answered_as_well(tmp_path: Path) -> None:
    async with worker(tmp_path, "on") as studio:
        one = consent(talk := Talk("CA1"), studio)
        one.begin(again=False)
        assert one.answered(LONG, "en") is None
        assert talk.spoken == [("recording_deleted", False)]
        assert (one.recorder.on, talk.answers) == (False, ["withdrawn"])
        await one.close()


async def test_only_the_next_turn_answers_the_question(tmp_path: Path) -> None:
    async with worker(tmp_path, "consent") as studio:
        one = consent(talk := Talk("CA1"), studio)
        one.begin(again=False)
        assert one.answered("What is a deductible?", "en") is None
        assert one.answered("Yes.", "en") is None
        assert (one.recorder.on, talk.answers) == (False, ["unanswered"])
        await one.close()
        other = consent(silent := Talk("CA2"), studio)
        other.begin(again=False)
        await other.close()
        assert silent.answers == ["unanswered"]
