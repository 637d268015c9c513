"""Experiments over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agent.web.admin import Admin, admin
from tests.knowledge.history import mixed

pytestmark = pytest.mark.wire

PATH = "/api/routing/experiments"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Admin]:
    async with admin(tmp_path) as running:
        yield running


def asked(name: str = "lower-claims", **changes: Any) -> dict[str, Any]:
    arms = [
        {"name": "usual", "value": 0.9, "share": 0.5},
        {"name": "lower", "value": 0.8, "share": 0.5},
    ]
    body = {"name": name, "subject": "threshold", "department": "claims", "arms": arms}
    return body | changes


async def test_an_experiment_runs_from_its_start_to_its_stop(site: Admin) -> None:
    status, page = await site.post(PATH, asked())
    assert status == 201
    assert (page["subject"], page["stopped"]) == ("threshold", None)
    policy = site.learning.policy
    assert {policy.thresholds("claims", f"CA{k}").answer for k in range(40)} == {0.8, 0.9}
    assert policy.thresholds("billing", "CA1").answer == 0.9
    status, _ = await site.post(f"{PATH}/lower-claims/stop", {})
    assert status == 200
    assert site.learning.policy.arm("claims", "CA1") == ""
    _, found = await site.get(PATH)
    assert [(each["name"], each["why"]) for each in found["experiments"]] == [
        ("lower-claims", "admin")
    ]
    assert (await site.post(f"{PATH}/lower-claims/stop", {}))[0] == 404


async def test_its_arms_are_compared_while_it_runs(site: Admin) -> None:
    await site.post(PATH, asked())
    _, page = await site.get(PATH)
    [comparison] = page["experiments"][0]["comparisons"]
    assert (comparison["state"], comparison["high"]) == ("waiting", None)
    later = datetime.now(UTC) + timedelta(hours=1)
    await site.history.judged("claims", mixed(150, 0.95, 0), arm="lower-claims:usual", at=later)
    await site.history.judged(
        "claims", mixed(150, 0.8, 4), arm="lower-claims:lower", spoken_from=0.8, at=later
    )
    _, page = await site.get(PATH)
    [experiment] = page["experiments"]
    assert experiment["calls"]["usual"] == {"right": 150, "passed": 0, "wrong": 0}
    assert experiment["comparisons"][0]["state"] == "broken"
    assert experiment["comparisons"][0]["difference"] < 0.0


async def test_the_better_arm_may_be_adopted(site: Admin) -> None:
    await site.post(PATH, asked())
    path = f"{PATH}/lower-claims/stop"
    status, answer = await site.post(path, {"adopt": "middle"})
    assert (status, answer["detail"]["field"]) == (422, "adopt")
    assert (await site.post(path, {"adopt": "lower"}))[0] == 200
    assert site.learning.policy.answer("claims") == 0.8
    await site.learning.refresh()
    assert site.learning.policy.answer("claims") == 0.8
    _, page = await site.get("/api/routing/thresholds")
    assert page["departments"][1]["why"] == "experiment"


async def test_a_call_is_in_one_experiment_at_a_time(site: Admin) -> None:
    await site.post(PATH, asked())
    models = [{"name": n, "value": n, "share": 0.5} for n in ("small", "large")]
    everywhere = asked("models", subject="model", department="", arms=models)
    assert (await site.post(PATH, everywhere))[0] == 409
    assert (await site.post(PATH, asked("billing-too", department="billing")))[0] == 201
    assert (await site.post(PATH, asked()))[0] == 409, "a name is used once"
    for name in ("lower-claims", "billing-too"):
        await site.post(f"{PATH}/{name}/stop", {})
    assert (await site.post(PATH, everywhere))[0] == 201
    assert {site.learning.policy.chosen("model", f"CA{k}") for k in range(40)} == {"small", "large"}
    assert (await site.post(f"{PATH}/models/stop", {"adopt": "small"}))[0] == 422


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "A b"}),
        ("subject", {"subject": "voice"}),
        ("department", {"department": "nobody"}),
        ("arms.value", {"arms": [{"name": n, "value": 0.5, "share": 0.5} for n in "ab"]}),
        ("arms.0.share", {"arms": [{"name": "a", "value": 0.9}]}),
        ("arms", {"arms": []}),
        ("cost", {"cost": -1}),
        (
            "arms.value",
            {
                "subject": "index",
                "department": "",
                "arms": [{"name": n, "value": n, "share": 0.5} for n in "ab"],
            },
        ),
    ],
)
async def test_what_cannot_be_tried_is_refused_by_field(
    site: Admin, field: str, changes: dict[str, Any]
) -> None:
    status, answer = await site.post(PATH, asked(**changes))
    assert (status, answer["detail"]["field"]) == (422, field)
