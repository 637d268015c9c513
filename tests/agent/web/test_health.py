"""What balancers, people and Prometheus are told."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.doctor import Row
from agent.web.doors import Doors
from tests.agent.web.conftest import Worker, worker

pytestmark = pytest.mark.wire


async def test_a_worker_is_alive_whether_or_not_it_takes_calls(site: Worker) -> None:
    site.doors.drain()
    assert await site.get("/api/health") == (200, {"status": "ok", "version": "1.2.3"})


async def test_a_balancer_is_told_when_to_send_no_new_call(site: Worker) -> None:
    assert await site.get("/readyz") == (200, {"status": "ready"})
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
