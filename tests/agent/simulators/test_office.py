"""The simulated back office does what its description says, and so do the tools that ask it."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.simulators.office import Filing, Office
from knowledge.tools import TOOLS

PAGE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "docs" / "back-office.json").read_text("utf-8")
)
OPERATIONS = [
    (path, method, operation)
    for path, item in PAGE["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]


def example(content: dict[str, Any]) -> Any:
    return content["content"]["application/json"]["example"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
async def test_every_operation_answers_as_its_example(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    body = example(operation["requestBody"]) if "requestBody" in operation else None
    headers = {"Authorization": "Bearer key-1", "Idempotency-Key": "id-1"}
    async with (
        Office(keys=frozenset({"key-1"}), behaviour=Filing(latency=0.0)) as office,
        aiohttp.ClientSession(headers=headers) as session,
        session.request(
            method, office.url + path.format(policy="AB-1234567"), json=body
        ) as response,
    ):
        assert response.status == 200
        assert await response.json() == example(operation["responses"]["200"])


def test_the_tools_and_the_description_are_of_one_mind() -> None:
    described = {operation["operationId"] for _, _, operation in OPERATIONS}
    assert described == {tool.name for tool in TOOLS}


async def test_a_key_that_is_not_known_is_not_served() -> None:
    async with (
        Office(keys=frozenset({"key-1"}), behaviour=Filing(latency=0.0)) as office,
        aiohttp.ClientSession() as session,
        session.get(f"{office.url}/policies/AB-1234567") as response,
    ):
        assert response.status == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/identify", {"policy_number": 7}, 422),
        ("/policies/ZZ-0000000/documents", {"document": "policy"}, 404),
        ("/policies/AB-1234567/documents", {"document": "policy"}, 422),  # without an id
    ],
)
async def test_what_is_not_right_is_refused(path: str, body: dict[str, Any], status: int) -> None:
    async with (
        Office(behaviour=Filing(latency=0.0)) as office,
        aiohttp.ClientSession() as session,
        session.post(office.url + path, json=body) as response,
    ):
        assert response.status == status
