import uuid

import pytest

from knowledge.answers import Answer, Passage
from knowledge.routing import (
    ASK_BACK,
    Band,
    Decision,
    Route,
    Thresholds,
    choose,
    ticket,
    to_person,
)

THRESHOLDS = Thresholds(answer=0.9, model=0.3, guess=0.4)
NEVER_ASK_BACK = Thresholds()


def sure(confidence: float) -> Answer:
    passages = (Passage("hail", "Hail is covered.", 0.8),)
    return Answer("Yes.", confidence, "hail", "claims", "en", passages)


def decided(confidence: float | None, thresholds: Thresholds, model: bool, asked: int = 0) -> Route:
    answer = None if confidence is None else sure(confidence)
    return choose(answer, thresholds, model_available=model, ticket_id="t", asked_back=asked).route


@pytest.mark.parametrize(
    ("confidence", "model", "route"),
    [
        (0.95, True, Route.KNOWLEDGE),
        (0.90, True, Route.KNOWLEDGE),
        (0.95, False, Route.KNOWLEDGE),
        (0.89, True, Route.MODEL),
        (0.30, True, Route.MODEL),
        (0.29, True, Route.CLARIFY),
        (None, True, Route.CLARIFY),
        (0.89, False, Route.CLARIFY),
        (0.40, False, Route.CLARIFY),
        (0.39, False, Route.PERSON),
        (None, False, Route.PERSON),
    ],
)
def test_the_cheapest_answerer_that_may_be_trusted(
    confidence: float | None, model: bool, route: Route
) -> None:
    assert decided(confidence, THRESHOLDS, model) is route


@pytest.mark.parametrize("confidence", [None, 0.0, 0.5])
def test_a_model_threshold_of_zero_never_asks_back(confidence: float | None) -> None:
    assert decided(confidence, NEVER_ASK_BACK, True) is Route.MODEL


def test_an_answer_threshold_above_one_trusts_nothing() -> None:
    assert decided(1.0, Thresholds(answer=1.01), True) is Route.MODEL


def test_passages_without_an_answer_are_for_the_model_alone() -> None:
    told = Answer("", 0.0, "", "", "en", (Passage("pets.md", "Rabbits are insured.", 0.8),))
    everything = Thresholds(answer=0.0)
    decision = choose(told, everything, model_available=True, ticket_id="t")
    assert decision.route is Route.MODEL
    assert decision.passages == told.passages
    assert choose(told, everything, model_available=False, ticket_id="t").route is Route.PERSON


def test_nobody_is_asked_back_for_ever() -> None:
    assert decided(0.1, THRESHOLDS, True, ASK_BACK - 1) is Route.CLARIFY
    assert decided(0.1, THRESHOLDS, True, ASK_BACK) is Route.PERSON
    assert decided(0.5, THRESHOLDS, False, ASK_BACK) is Route.PERSON
    assert decided(0.95, THRESHOLDS, False, ASK_BACK) is Route.KNOWLEDGE


def test_a_decision_speaks_only_where_the_knowledge_is_sure() -> None:
    answer = sure(0.7)
    assert Decision("t", Route.KNOWLEDGE, answer).said == "Yes."
    assert Decision("t", Route.MODEL, answer).said == ""
    assert Decision("t", Route.MODEL, answer).passages == answer.passages
    assert Decision("t", Route.MODEL, None).passages == ()
    assert Decision("t", Route.MODEL, None).confidence == 0.0


def test_tickets_are_uuids_of_version_7_ordered_by_time() -> None:
    tickets = [ticket(1_700_000_000 + step / 1000, bytes(range(10))) for step in range(50)]
    assert tickets == sorted(tickets)
    assert len(set(tickets)) == len(tickets)
    for text in tickets:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_a_ticket_is_laid_out_as_rfc_9562_shows() -> None:
    # Appendix A.6: 2022-02-22 14:22:22 -05:00; rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    entropy = (0xCC3 << 64 | 0x18C4DC0C0C07398F).to_bytes(10)
    assert ticket(1_645_557_742.000, entropy) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize(
    ("confidence", "thresholds", "band"),
    [
        (0.90, THRESHOLDS, Band.HIGH),
        (0.89, THRESHOLDS, Band.MEDIUM),
        (0.30, THRESHOLDS, Band.MEDIUM),
        (0.29, THRESHOLDS, Band.LOW),
        (0.50, NEVER_ASK_BACK, Band.MEDIUM),
        (0.49, NEVER_ASK_BACK, Band.LOW),
    ],
)
def test_the_two_thresholds_cut_the_bands(
    confidence: float, thresholds: Thresholds, band: Band
) -> None:
    assert thresholds.band(confidence) is band


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("I want to speak to a person", True),
        ("my house is on fire", True),
        ("this is ridiculous, you are useless", True),
        ("am I covered if my house is on fire", False),
        ("please repeat that", False),
    ],
)
def test_danger_anger_and_the_wish_for_a_person_need_no_knowledge(text: str, person: bool) -> None:
    assert to_person(text) is person
