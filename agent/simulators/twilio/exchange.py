"""The telephone exchange: places simulated calls to a voice webhook."""

from types import TracebackType
from typing import Protocol, Self

import aiohttp

from agent.simulators.twilio.account import Account, Addresses
from agent.simulators.twilio.call import Call
from agent.simulators.twilio.conditions import Conditions
from agent.simulators.twilio.measures import CallReport
from agent.simulators.twilio.script import Script, clips
from agent.simulators.twilio.stream import Socket
from agent.simulators.twilio.webhook import Limits


class Directory(Protocol):
    """Where the REST side finds running calls: `agent.simulators.rest.TwilioRest` is one."""

    def enter(self, call: Call) -> None: ...


class Twilio:
    """`async with Twilio(account) as twilio: report = await twilio.call(url, script)`.

    Any number of calls may run at once.
    """

    def __init__(
        self,
        account: Account | None = None,
        *,
        rest: Directory | None = None,
        dial: str = "",
        outside: bool = False,
        limits: Limits | None = None,
    ) -> None:
        """`dial`: the root that is really connected to, where the webhook's address is a public
        one; `outside`: anything but loopback may be dialled."""
        self.account = account or Account()
        self._rest = rest
        self._dial = dial
        self._outside = outside
        self._limits = limits or Limits()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            ws_response_class=Socket,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self, voice_url: str, script: Script, conditions: Conditions | None = None
    ) -> CallReport:
        """From the voice webhook to the end. What the agent does wrong stands in the report."""
        assert self._session is not None, "use `async with Twilio()`"
        for clip in clips(script):
            clip.prepare()
        call = Call(
            self._session,
            self.account,
            Addresses(voice_url, self._dial, self._outside),
            conditions=conditions or Conditions(),
            limits=self._limits,
        )
        if self._rest is not None:
            self._rest.enter(call)
        return await call.run(voice_url, script)
