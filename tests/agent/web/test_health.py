"""What balancers, people and Prometheus are told."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.doctor import Row
from agent.web.app import create_app
from agent.web.doors import Doors
from agent.web.keys import Gate, Keys
from agent.web.limit import Limits
from tests.agent.web.conftest import Worker, worker

pytestmark = pytest.mark.wire


async def test_a_worker_is_alive_whether_or_not_it_takes_calls(site: Worker) -> None:
    with site.doors.call():  # without one it would end
        site.doors.drain()
        assert await site.get("/api/health") == (200, {"status": "ok", "version": "1.2.3"})


async def test_a_balancer_is_told_when_to_send_no_new_call(site: Worker) -> None:
    assert await site.get("/readyz") == (200, {"status": "ready"})
    with site.doors.call():
        site.doors.drain()
        assert await site.get("/readyz") == (404, {"status": "draining"})


async def test_a_lagging_worker_asks_for_no_new_call_but_takes_one_that_comes() -> None:
    async with worker(doors=Doors(lag=lambda: 1.5)) as site:
        assert await site.get("/readyz") == (404, {"status": "lagging"})
        await site.token("CA1")


def test_a_starting_worker_is_not_ready_and_a_draining_one_never_again() -> None:
    doors = Doors()
    assert (doors.closed, doors.refusing) == ("starting", True)
    doors.open()
    assert (doors.closed, doors.refusing) == ("", False)
    doors.drain()
    doors.open()
    assert doors.closed == "draining"


def test_whoever_cares_is_told_how_many_calls_remain() -> None:
    remaining: list[int] = []
    doors = Doors(left=remaining.append)
    with doors.call(), doors.call():
        assert doors.calls == 2
    assert remaining == [1, 0]


async def test_a_person_sees_each_dependency_and_asks_it_once() -> None:
    asked = 0

    async def examine() -> list[Row]:
        nonlocal asked
        asked += 1
        return [
            Row("ears", "deepgram", "DEEPGRAM_API_KEY is set", answers=False, seconds=0.1),
            Row("memory", "own", "REDIS_URL is unset", answers=None, seconds=0.0),
        ]

    async with worker(examine=examine) as site:
        status, page = await site.get("/api/health/detailed")
        await site.get("/api/health/detailed")
        ready, _ = await site.get("/readyz")
    assert (status, page["status"], page["ready"], page["calls"]) == (200, "degraded", "ready", 0)
    assert [row["stage"] for row in page["dependencies"]] == ["ears", "memory"]
    assert asked == 1
    assert ready == 200, "no provider's state keeps calls away"


async def test_prometheus_can_read_the_metrics(site: Worker) -> None:
    status, text = await site.get("/api/metrics")
    names = {family.name for family in text_string_to_metric_families(text)}
    assert status == 200
    assert {"answerline_calls_in_progress", "answerline_event_loop_lag_seconds"} <= names


async def seen_from(address: str, path: str, key: str, keys: str) -> int:
    """The status for a client at this address, asked of the application itself."""
    async with worker(gate=Gate(Keys.of(keys), Limits())) as site:
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": headers, "client": (address, 1234), "server": ("host", 80),
        }  # fmt: skip
        await create_app(site.house)(scope, receive, send)  # type: ignore[arg-type]
        status = sent[0]["status"]
        assert isinstance(status, int)
        return status


@pytest.mark.parametrize("path", ["/api/metrics", "/api/health/detailed"])
async def test_from_outside_figures_are_shown_to_whoever_has_a_key(path: str) -> None:
    keys = "viewer:open sesame"
    assert await seen_from("127.0.0.1", path, "", keys) == 200
    assert await seen_from("192.0.2.7", path, "open sesame", keys) == 200
    assert await seen_from("192.0.2.7", path, "guessed", keys) == 401
    assert await seen_from("192.0.2.7", path, "", keys) == 401
    assert await seen_from("192.0.2.7", path, "", "") == 401
    assert await seen_from("192.0.2.7", "/api/health", "", keys) == 200
