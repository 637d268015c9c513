"""The back office's client over a real socket: data, nothing, or a Fault that says why."""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from agent.simulators.office import Filing
from agent.simulators.office import Office as Simulated
from agent.simulators.server import Fault as Failing
from knowledge.chain import Fault
from knowledge.office import LARGEST, Office


class Policy(BaseModel):
    status: str


class Order(BaseModel):
    document: str


@pytest.fixture
async def behind() -> AsyncIterator[Simulated]:
    async with Simulated(keys=frozenset({"key-1"}), behaviour=Filing(latency=0.0)) as behind:
        yield behind


@pytest.fixture
async def office(behind: Simulated) -> AsyncIterator[Office]:
    async with httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        yield Office(behind.url + "/", "key-1", http=http)


async def failed(office: Office, *path: str) -> Fault:
    with pytest.raises(Fault) as found:
        await office.get(*(path or ("policies", "AB-1234567")), gives=Policy)
    return found.value


async def test_what_was_asked_for_comes_in_its_type(office: Office) -> None:
    assert await office.get("policies", "AB-1234567", gives=Policy) == Policy(status="active")
    assert await office.get("policies", "ZZ-0000000", gives=Policy) is None


async def test_the_same_request_again_changes_nothing_again(
    office: Office, behind: Simulated
) -> None:
    path, order = ("policies", "AB-1234567", "documents"), Order(document="policy")
    for _ in range(2):
        await office.post(*path, body=order, gives=Order, once="id-1")
    assert behind.sent == {"id-1": "policy"}


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"fault": Failing.REFUSE}, "refused"),
        ({"fault": Failing.DENIED}, "denied"),
        ({"fault": Failing.LIMITED}, "limited"),
        ({"fault": Failing.BROKEN}, "broken"),
        ({"fault": Failing.GARBAGE}, "broken"),
        ({"fault": Failing.EMPTY}, "broken"),
        ({"fault": Failing.DROP}, "cut"),
        ({"padding": LARGEST}, "broken"),
    ],
)
async def test_every_failure_has_its_name(
    office: Office, behind: Simulated, how: dict[str, Any], kind: str
) -> None:
    await behind.behave(**how)
    assert (await failed(office)).kind == kind


async def test_a_key_that_is_not_taken_is_denied_for_good(behind: Simulated) -> None:
    async with httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        fault = await failed(Office(behind.url, "another", http=http))
    assert (fault.kind, fault.permanent) == ("denied", True)


async def test_other_types_than_promised_are_broken(office: Office, behind: Simulated) -> None:
    behind.records["AB-1234567"]["policy"] = {"status": ["active"]}
    assert (await failed(office)).kind == "broken"


@pytest.mark.parametrize("segment", ["../../admin", "a/b?c#d", "é ñ"])
async def test_a_segment_stays_a_segment(office: Office, behind: Simulated, segment: str) -> None:
    await office.get("policies", segment, gives=Policy)
    assert behind.asked == [f"GET /policies/{segment}"]


@pytest.mark.parametrize("segment", ["", ".", ".."])
async def test_a_path_that_leads_elsewhere_is_not_asked_for(
    office: Office, behind: Simulated, segment: str
) -> None:
    assert not (await failed(office, "policies", segment)).proven
    assert behind.asked == []
