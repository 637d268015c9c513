"""A question over HTTP."""

from dataclasses import fields
from pathlib import Path

import pytest

from knowledge.ask import Asked
from tests.agent.web.admin import admin

pytestmark = pytest.mark.wire


async def test_a_question_gets_what_kb_ask_prints(tmp_path: Path) -> None:
    async with admin(tmp_path) as site:
        status, found = await site.post("/api/ask", {"text": " What is a deductible? "})
        assert status == 200
        assert list(found) == [field.name for field in fields(Asked)]
        assert (found["answer"], found["language"]) == ("An answer.", "en")
        await site.post("/api/ask", {"text": "¿Qué es?", "language": "es-MX"})
        await site.post("/api/ask", {"text": "Hello", "language": None})
        assert site.asked == [("What is a deductible?", ""), ("¿Qué es?", "es"), ("Hello", "")]


@pytest.mark.parametrize(
    ("status", "field", "body"),
    [
        (422, "text", {}),
        (422, "text", {"text": 7}),
        (422, "text", {"text": "x" * 5001}),
        (422, "language", {"text": "x", "language": 7}),
        (422, "speed", {"text": "x", "speed": "fast"}),
        (422, None, ["x"]),
        (400, None, b'{"text": '),
        (400, None, b'{"text": "\\ud800"}'),
        (400, None, b"\xff\xfe"),
        (413, None, b'{"text": "' + b"x" * 70_000 + b'"}'),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_by_field(
    tmp_path: Path, status: int, field: str | None, body: object
) -> None:
    async with admin(tmp_path) as site:
        found, answer = await site.post("/api/ask", body)
        assert (found, answer["detail"].get("field")) == (status, field)
        assert "x" * 50 not in str(answer)
        assert site.asked == []


async def test_only_json_is_read(tmp_path: Path) -> None:
    """Another site's page may send a form or a text to this machine, but no JSON."""
    async with admin(tmp_path) as site:
        status, _ = await site.post("/api/ask", {"text": "x"}, **{"Content-Type": "text/plain"})
        assert status == 415


async def test_whoever_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with admin(tmp_path, asking="3/minute") as site:
        for _ in range(3):
            assert (await site.post("/api/ask", {"text": "x"}))[0] == 200
        asked = site.session.post(f"{site.url}/api/ask", json={"text": "x"})
        async with asked as response:
            assert response.status == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 60
        with_a_key = {"Authorization": "Bearer just-looking"}
        assert (await site.post("/api/ask", {"text": "x"}, **with_a_key))[0] == 200


async def test_while_the_knowledge_base_is_away_it_says_so(tmp_path: Path) -> None:
    async with admin(tmp_path) as site:
        status, answer = await site.post("/api/ask", {"text": "away"})
        assert (status, answer["detail"]["error"]) == (503, "the knowledge base is away")
