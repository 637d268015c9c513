"""Who may use the admin API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.web.keys import Keys
from tests.agent.web.admin import Admin, admin

pytestmark = pytest.mark.wire

OUTSIDE = "192.0.2.7"
TICKET = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Admin]:
    async with admin(tmp_path) as running:
        yield running


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_this_machine_needs_no_key_and_others_do(site: Admin) -> None:
    assert await site.seen_from("127.0.0.1") == 200
    assert await site.seen_from("::1") == 200
    assert await site.seen_from(OUTSIDE) == 401
    assert await site.seen_from(OUTSIDE, headers=bearer("guessed")) == 401
    assert await site.seen_from(OUTSIDE, headers=bearer("just-looking")) == 200
    assert await site.seen_from(OUTSIDE, headers={"Authorization": "Basic just-looking"}) == 401


async def test_a_wrong_key_is_wrong_on_this_machine_too(site: Admin) -> None:
    assert await site.seen_from("127.0.0.1", headers=bearer("guessed")) == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_what_a_proxy_forwards_comes_from_elsewhere(site: Admin, header: str) -> None:
    assert await site.seen_from("127.0.0.1", headers={header: "198.51.100.9"}) == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [("rebound.example.com", 401), ("localhost:8080", 200), ("[::1]:8080", 200), ("[", 401)],
)
async def test_a_name_that_only_points_at_this_machine_is_not_trusted(
    site: Admin, host: str, status: int
) -> None:
    assert await site.seen_from("127.0.0.1", headers={"Host": host}) == status


async def test_only_an_admin_changes_anything(site: Admin) -> None:
    change = {"department": "claims", "threshold": 0.85}
    path = "/api/routing/thresholds"
    viewer, chief = bearer("just-looking"), bearer("open-sesame")
    assert await site.seen_from(OUTSIDE, path, body=change, headers=viewer) == 403
    assert await site.seen_from("127.0.0.1", path, body=change, headers=viewer) == 403
    assert await site.seen_from(OUTSIDE, path, body=change, headers=chief) == 200
    for path in ("/api/routing/thresholds/rollback", "/api/routing/experiments",
                 "/api/routing/experiments/x/stop"):  # fmt: skip
        assert await site.seen_from(OUTSIDE, path, body={}, headers=viewer) == 403


async def test_any_role_reports_outcomes_and_asks(site: Admin) -> None:
    viewer = bearer("just-looking")
    outcome = f"/api/routing/{TICKET}/outcome"
    said = {"actual_outcome": "claims"}
    assert await site.seen_from(OUTSIDE, outcome, body=said, headers=viewer) == 202
    assert await site.seen_from(OUTSIDE, "/api/ask", body={"text": "x"}, headers=viewer) == 200
    assert await site.seen_from(OUTSIDE, outcome, body=said) == 401


async def test_guessing_keys_is_slowed_down_and_right_keys_are_not(site: Admin) -> None:
    found = {await site.seen_from(OUTSIDE, headers=bearer(f"guess-{k}")) for k in range(40)}
    assert found == {401, 429}
    assert await site.seen_from(OUTSIDE, headers=bearer("open-sesame")) == 200


def test_keys_are_pairs_of_role_and_key() -> None:
    keys = Keys.of("admin:a:b, viewer:ü")
    admin_, viewer = keys.caller("a:b"), keys.caller("ü")
    assert admin_ is not None
    assert viewer is not None
    assert (admin_.role, viewer.role) == ("admin", "viewer")
    assert keys.caller("a") is None
    assert Keys.of("").caller("") is None
    assert "a:b" not in repr(keys)
