"""Decisions and what came of them, over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.web import desk
from knowledge.events import Adjusted, Learned
from tests.agent.web.admin import Admin, admin
from tests.knowledge.history import mixed, ticket

pytestmark = pytest.mark.wire

TICKET = ticket(1)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Admin]:
    async with admin(tmp_path) as running:
        yield running


def now() -> datetime:
    return datetime.now(UTC)


async def test_an_outcome_is_acknowledged_and_stands_with_its_decision(site: Admin) -> None:
    await site.history.judged("claims", [(0.97, None)], at=now())
    said = {"actual_outcome": "claims", "resolution_time_hours": 1.256, "customer_satisfaction": 4}
    path = f"/api/routing/{TICKET}/outcome"
    for _ in range(2):  # as often as it is sent
        assert await site.post(path, said) == (202, {"ticket_id": TICKET, "acknowledged": True})
    status, found = await site.get(f"/api/routing/{TICKET.upper()}")
    assert status == 200
    assert (found["department"], found["method"], found["probability"]) == (
        "claims",
        "knowledge",
        0.97,
    )
    outcome = ("actual_outcome", "resolution_time_hours", "customer_satisfaction")
    assert [found[name] for name in outcome] == ["claims", 1.26, 4.0]


async def test_an_outcome_may_come_before_its_decision(site: Admin) -> None:
    assert (await site.get(f"/api/routing/{TICKET}"))[0] == 404
    status, _ = await site.post(f"/api/routing/{TICKET}/outcome", {"actual_outcome": "claims"})
    assert status == 202
    await site.history.judged("claims", [(0.97, None)], at=now())
    _, found = await site.get(f"/api/routing/{TICKET}")
    assert found["actual_outcome"] == "claims"


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("", {}),
        ("actual_outcome", {"actual_outcome": ""}),
        ("actual_outcome", {"actual_outcome": " "}),
        ("actual_outcome", {"actual_outcome": "x" * 101}),
        ("actual_outcome", {"actual_outcome": "a\u0000b"}),
        ("actual_outcome", {"actual_outcome": 5}),
        ("resolution_time_hours", {"resolution_time_hours": -0.1}),
        ("resolution_time_hours", {"resolution_time_hours": 999.996}),
        ("resolution_time_hours", {"resolution_time_hours": "1.5"}),
        ("resolution_time_hours", {"resolution_time_hours": True}),
        ("resolution_time_hours", b'{"resolution_time_hours": 1e999}'),
        ("customer_satisfaction", {"customer_satisfaction": 0.99}),
        ("customer_satisfaction", {"customer_satisfaction": 5.01}),
        ("satisfaction", {"satisfaction": 5}),
    ],
)
async def test_an_outcome_that_no_column_could_hold_is_refused_by_field(
    site: Admin, field: str, body: object
) -> None:
    status, answer = await site.post(f"/api/routing/{TICKET}/outcome", body)
    if isinstance(body, bytes):
        assert status in {400, 422}
    else:
        assert (status, answer["detail"]["field"]) == (422, field)
    assert site.settled == []


async def test_the_edges_of_the_columns_are_taken(site: Admin) -> None:
    for body in (
        {"resolution_time_hours": 0, "customer_satisfaction": 1},
        {"resolution_time_hours": 999.994, "customer_satisfaction": 5.0},
        {"actual_outcome": "é" * 100},
    ):
        assert (await site.post(f"/api/routing/{TICKET}/outcome", body))[0] == 202
    assert site.settled[1] == Learned("", TICKET, "", 999.99, 5.0)


@pytest.mark.parametrize("name", ["x", "CA1", TICKET + "0", "%00", TICKET.replace("-", "")])
async def test_a_ticket_is_a_uuid(site: Admin, name: str) -> None:
    status, answer = await site.post(f"/api/routing/{name}/outcome", {"actual_outcome": "claims"})
    assert (status, answer["detail"]["field"]) == (422, "ticket_id")
    assert (await site.get(f"/api/routing/{name}"))[0] == 422


async def test_what_the_journal_does_not_acknowledge_is_to_be_sent_again(site: Admin) -> None:
    site.journal = lambda: False
    path = f"{site.url}/api/routing/{TICKET}/outcome"
    async with site.session.post(path, json={"actual_outcome": "claims"}) as response:
        assert response.status == 503
        assert int(response.headers["Retry-After"]) > 0
    change = {"department": "claims", "threshold": 0.85}
    assert (await site.post("/api/routing/thresholds", change))[0] == 503
    assert site.learning.policy.answer("claims") == 0.9, "not in force either"


async def test_what_is_counted_was_acknowledged_and_is_counted_once(site: Admin) -> None:
    path = f"/api/routing/{TICKET}/outcome"
    site.journal = lambda: False
    for body in ({"customer_satisfaction": 4}, {"customer_satisfaction": 4}):
        assert (await site.post(path, body))[0] == 503
    change = {"department": "claims", "threshold": 0.85}
    assert (await site.post("/api/routing/thresholds", change))[0] == 503
    assert site.told == []
    site.journal = lambda: True
    for said in (4, 4.01, 5, 5, 4):
        assert (await site.post(path, {"customer_satisfaction": said}))[0] == 202
    rated = [event.customer_satisfaction for event in site.told if isinstance(event, Learned)]
    assert rated == [4.0, 5.0, 4.0], "and what is corrected counts again"
    for threshold in (0.85, 0.9, 0.85):
        await site.post("/api/routing/thresholds", change | {"threshold": threshold})
    assert [event.after for event in site.told if isinstance(event, Adjusted)] == [0.85, 0.9, 0.85]


async def test_of_too_many_decisions_the_oldest_is_forgotten(
    site: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "LATELY", 2)
    for number in (1, 2, 1, 3, 1, 2):
        path = f"/api/routing/{ticket(number)}/outcome"
        assert (await site.post(path, {"actual_outcome": "claims"}))[0] == 202
    told = [event.ticket_id for event in site.told if isinstance(event, Learned)]
    assert told == [ticket(number) for number in (1, 2, 3, 2)]


async def test_accuracy_is_shown_with_its_bounds(site: Admin) -> None:
    await site.history.judged("claims", mixed(100, 0.95, 10), at=now())
    await site.history.judged("billing", mixed(10, 0.95, 0), at=now())
    await site.post(f"/api/routing/{TICKET}/outcome", {"customer_satisfaction": 4})
    await site.learning.study()
    _, page = await site.get("/api/routing/accuracy")
    billing, claims = page["departments"]
    assert (claims["total_predictions"], claims["correct_predictions"]) == (100, 90)
    assert claims["lower"] < claims["accuracy_rate"] == 0.9 < claims["upper"]
    assert (claims["state"], billing["state"]) == ("calibrated", "uncalibrated")
    assert claims["customer_satisfaction"] == 4.0
    assert billing["customer_satisfaction"] == "not measured"


async def test_a_threshold_is_set_and_undone_step_by_step(site: Admin) -> None:
    path, undo = "/api/routing/thresholds", "/api/routing/thresholds/rollback"
    for threshold in (0.85, 0.8):
        body = {"department": "claims", "threshold": threshold}
        status, found = await site.post(path, body)
        assert (status, found["threshold"]) == (200, threshold)
    assert site.learning.policy.thresholds("claims", "CA1").answer == 0.8
    _, page = await site.get(path)
    assert (page["shipped"], page["floor"], page["precision"]) == (0.9, 0.7, 0.95)
    billing, claims = page["departments"]
    assert (claims["threshold"], claims["why"], claims["state"]) == (0.8, "admin", "uncalibrated")
    assert (billing["threshold"], billing["why"]) == (0.9, "shipped")
    assert [change["after"] for change in page["changes"]] == [0.8, 0.85]
    for expected in (0.85, 0.9):
        _, found = await site.post(undo, {"department": "claims"})
        assert (found["threshold"], found["why"]) == (expected, "rolled_back")
    assert (await site.post(undo, {"department": "claims"}))[0] == 409
    assert site.settled[-1] == Adjusted("", "claims", 0.85, 0.9, "rolled_back")
    await site.learning.refresh()
    assert site.learning.policy.answer("claims") == 0.9


async def test_what_was_below_the_floor_of_now_is_gone_back_to_as_far_as_the_floor(
    site: Admin,
) -> None:
    await site.history.changed("claims", 0.6, 0.85, "admin")
    _, found = await site.post("/api/routing/thresholds/rollback", {"department": "claims"})
    assert (found["threshold"], found["why"]) == (0.7, "rolled_back")
    assert site.told == site.settled == [Adjusted("", "claims", 0.85, 0.7, "rolled_back")]
    await site.learning.refresh()
    assert site.learning.policy.thresholds("claims", "CA1").answer == 0.7


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("department", {"department": "nobody", "threshold": 0.8}),
        ("threshold", {"department": "claims", "threshold": 0.69}),
        ("threshold", {"department": "claims", "threshold": 1.01}),
        ("threshold", {"department": "claims"}),
    ],
)
async def test_a_threshold_that_may_not_be_is_refused_by_field(
    site: Admin, field: str, body: object
) -> None:
    status, answer = await site.post("/api/routing/thresholds", body)
    assert (status, answer["detail"]["field"]) == (422, field)


async def test_while_the_database_is_away_pages_say_so(tmp_path: Path) -> None:
    async with admin(tmp_path, away=True) as site:
        for path in ("accuracy", "thresholds", "experiments", TICKET):
            status, answer = await site.get(f"/api/routing/{path}")
            assert (status, answer["detail"]["error"]) == (503, "the database is away"), path
