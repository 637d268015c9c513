"""The tests' own agent, and somebody to call it."""

from collections.abc import AsyncIterator

import pytest

from agent.simulators.twilio import Account, Twilio
from tests.agent.simulators.reference import ReferenceAgent


@pytest.fixture
async def agent() -> AsyncIterator[ReferenceAgent]:
    async with ReferenceAgent(Account(token="a secret of this test")) as agent:
        yield agent


@pytest.fixture
async def twilio(agent: ReferenceAgent) -> AsyncIterator[Twilio]:
    async with Twilio(agent.account) as twilio:
        yield twilio
