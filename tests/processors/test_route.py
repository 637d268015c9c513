"""Each turn goes to the cheapest answerer that may be trusted, and a person is always near."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from pipecat.frames.frames import Frame, LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext, LLMContextMessage
from pipecat.tests.utils import run_test

from knowledge import persona
from knowledge.answers import Answer, Passage, Question
from knowledge.decisions import Decisions
from knowledge.events import Decided, Event
from knowledge.persona import Phrase
from knowledge.policy import Policy
from knowledge.routing import ASK_BACK, Thresholds
from processors.frames import (
    DOUBTFUL,
    LANGUAGE,
    PROTECTED,
    ROUTE,
    STRANGE,
    TURN,
    HangUpFrame,
    PersonFrame,
    WishFrame,
)
from processors.route import Route

PERSONA = persona.load()
HAIL = Answer(
    "Hail is covered.", 0.95, "hail", "claims", "en", passages=(Passage("hail", "Hail.", 0.9),)
)


class Book:
    """Sure of hail, unsure of snow, ignorant of the rest."""

    async def answer(self, question: Question) -> Answer | None:
        if "hail" in question.text.lower():
            text = question.text
            return replace(HAIL, leaning=text.startswith("And"), differing=text.startswith("No"))
        return replace(HAIL, confidence=0.6) if "snow" in question.text.lower() else None


class Table:
    """A Route and everything that came of it."""

    def __init__(self, *, model: bool = True, policy: Policy | None = None) -> None:
        self.events: list[Event] = []
        self.policy = policy or Policy(Thresholds(0.9, 0.0, 0.5))
        self.messages: list[LLMContextMessage] = []
        self.turn = 0
        self.route = Route(
            Decisions(Book(), lambda: self.policy.version, key=b"key", ttl=60),
            lambda: self.policy,
            PERSONA,
            call="CA1",
            languages=("en", "es"),
            model_available=model,
            emit=self.events.append,
            wished=lambda _wish: None,
        )

    async def ask(
        self, *texts: str, language: str = "en", doubtful: bool = False, strange: str = ""
    ) -> list[Frame]:
        """The frames that come of the last of these turns."""
        frames: Sequence[Frame] = []
        for text in texts:
            self.turn += 1
            self.messages.append({"role": "user", "content": text})
            context = LLMContextFrame(LLMContext(list(self.messages)))
            frame = TURN.on(LANGUAGE.on(context, language), self.turn)
            STRANGE.on(DOUBTFUL.on(frame, doubtful), strange)
            frames = [made async for made in self.route.handle(frame)]
            said = " ".join(made.text for made in frames if isinstance(made, LLMTextFrame))
            if said:
                self.messages.append({"role": "assistant", "content": said})
        return list(frames)

    @property
    def decided(self) -> Decided:
        return [event for event in self.events if isinstance(event, Decided)][-1]


def said(frames: list[Frame]) -> list[str]:
    return [frame.text for frame in frames if isinstance(frame, LLMTextFrame)]


def person(frames: list[Frame]) -> PersonFrame:
    (frame,) = [frame for frame in frames if isinstance(frame, PersonFrame)]
    return frame


async def test_a_sure_answer_is_spoken_and_remembered() -> None:
    table = Table()
    frames = await table.ask("Is hail covered?")
    assert said(frames) == ["Hail is covered."]
    assert (table.decided.route, table.decided.sources) == ("knowledge", ("hail",))
    frames = await table.ask("Is hail covered?")
    assert (table.decided.route, table.decided.cached) == ("cache", "own")
    assert [ROUTE.of(frame) for frame in frames] == ["cache"] * 3


async def test_what_is_not_sure_goes_to_the_model_with_passages_beside_the_turn() -> None:
    table = Table()
    (frame,) = await table.ask("Is snow covered?")
    assert isinstance(frame, LLMContextFrame)
    beside = frame.context.get_messages()[-2]
    assert "<passage source=" in str(beside)
    assert (table.decided.route, table.decided.sources) == ("model", ("hail",))
    assert len(table.messages) == 1, "the history itself stays clean"


async def test_a_damaged_turn_is_asked_for_again_and_at_last_given_to_a_person() -> None:
    table = Table()
    for _ in range(ASK_BACK):
        frames = await table.ask("Is hail covered?", doubtful=True)
        assert said(frames)[0] in PERSONA.phrases["en"][Phrase.ASK_BACK]
        assert table.decided.route == "clarify"
    assert person(await table.ask("Is hail covered?", doubtful=True))
    assert said(await table.ask("Is hail covered?")) == ["Hail is covered."]


async def test_a_language_that_is_not_spoken_is_answered_in_each_that_is() -> None:
    table = Table()
    frames = await table.ask("Est-ce que la grêle est couverte ?", strange="fr")
    own = [PERSONA.say(Phrase.OTHER_LANGUAGE, language, 1) for language in ("en", "es")]
    assert said(frames) == own
    assert [LANGUAGE.of(frame) for frame in frames[::3]] == ["en", "es"]
    assert not table.events, "nothing was decided"
    assert person(await table.ask("person", strange="fr"))


async def test_a_turn_that_leans_on_the_last_one_gets_no_answer_without_it() -> None:
    table = Table()
    (frame,) = await table.ask("And for hail?")
    assert isinstance(frame, LLMContextFrame)
    assert person(await table.ask("a person please")).department == "", "nor tells what it is about"


async def test_a_sentence_that_a_pause_cut_in_two_is_answered_as_one() -> None:
    table = Table()
    frames = await table.ask("I would like to know about my roof", "And hail, is it covered?")
    assert said(frames) == [HAIL.text]
    assert not table.decided.leaning


@pytest.mark.parametrize("least", [0.9, 0.5])
async def test_what_a_rule_bars_gets_no_answer_whatever_the_threshold(least: float) -> None:
    table = Table(policy=Policy(Thresholds(least)))
    (frame,) = await table.ask("No hail, please")
    assert isinstance(frame, LLMContextFrame)
    assert (table.decided.route, table.decided.differing) == ("model", True)
    assert table.decided.confidence > least


async def test_the_department_that_is_asked_for_counts_more_than_what_was_talked_of() -> None:
    table = Table()
    await table.ask("Is hail covered?")
    assert person(await table.ask("I want to speak to a person in billing")).department == "billing"
    assert (table.decided.department, table.decided.route) == ("billing", "person")
    assert person(await table.ask("a person please")).department == "billing"


async def test_each_decision_has_its_band() -> None:
    table = Table(policy=Policy(Thresholds(0.9, 0.7)))
    bands = []
    for text in ("Is hail covered?", "Is snow covered?"):
        await table.ask(text)
        bands.append(table.decided.band)
    assert bands == ["High", "Low"]


async def test_a_department_has_a_threshold_of_its_own() -> None:
    table = Table(policy=Policy(Thresholds(), {"claims": 0.97}, calibrated=frozenset({"claims"})))
    await table.ask("Is hail covered?")
    assert table.decided.route == "model"
    assert table.decided.calibrated


async def test_changed_thresholds_decide_anew() -> None:
    table = Table()
    await table.ask("Is hail covered?")
    table.policy = Policy(Thresholds(answer=0.99))
    await table.ask("Is hail covered?")
    assert (table.decided.route, table.decided.cached) == ("model", "")


async def test_who_was_asked_back_three_times_in_vain_is_put_through() -> None:
    table = Table(model=False)
    for number in range(ASK_BACK):
        frames = await table.ask(f"Something about snow {'x' * number}")
        assert table.decided.route == "clarify"
        assert not [frame for frame in frames if isinstance(frame, PersonFrame)]
    frames = await table.ask("Snow!")
    assert table.decided.route == "person"
    assert person(frames).department == "claims"


async def test_what_nobody_knows_is_said_and_a_yes_means_a_person() -> None:
    table = Table(model=False)
    frames = await table.ask("Who won the election?")
    assert said(frames) == [PERSONA.say(Phrase.UNKNOWN, "en", 1)]
    assert person(await table.ask("Yes, please."))


@pytest.mark.parametrize(
    ("text", "language"), [("a person please", "en"), ("quiero hablar con una persona", "es")]
)
async def test_a_wish_for_a_person_is_a_decision_with_a_ticket(text: str, language: str) -> None:
    table = Table()
    frames = await table.ask("Is hail covered?", text, language=language)
    assert person(frames).department == "claims"
    assert (table.decided.route, table.decided.department) == ("person", "claims")
    assert table.decided.ticket_id


async def test_a_key_is_a_wish_too() -> None:
    table = Table()
    down, _ = await run_test(
        table.route,
        frames_to_send=[WishFrame(wish="person", source="key")],
        expected_down_frames=None,
    )
    assert person(list(down))


async def test_danger_gets_the_emergency_sentence_before_all_else() -> None:
    frames = await Table().ask("Help, my kitchen is on fire, is hail covered?")
    assert said(frames)[0] == PERSONA.say(Phrase.EMERGENCY, "en")
    assert PROTECTED.of(frames[0])
    assert person(frames)


async def test_anger_goes_to_a_person_without_discussion() -> None:
    frames = await Table().ask("This is ridiculous, I am sick of this!")
    assert said(frames) == [PERSONA.say(Phrase.PERSON, "en", 1)]
    assert person(frames)


async def test_a_colleague_is_told_what_it_is_about() -> None:
    frames = await Table().ask("Is hail covered?", "My card is [card number].", "a person")
    assert person(frames).summary == "Is hail covered? My card is [card number]. a person"


async def test_goodbye_hangs_up_after_the_last_words() -> None:
    frames = await Table().ask("That's all, goodbye.")
    assert isinstance(frames[-1], HangUpFrame)
