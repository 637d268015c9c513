"""The telephone exchange: places simulated calls to a voice webhook, and carries those placed by
REST."""

import asyncio
import time
from types import TracebackType
from typing import Protocol, Self

import aiohttp

from agent.simulators.twilio.account import Account, Addresses
from agent.simulators.twilio.call import Call
from agent.simulators.twilio.conditions import Conditions
from agent.simulators.twilio.conference import Rooms
from agent.simulators.twilio.measures import CallReport
from agent.simulators.twilio.outgoing import Colleague, Order, Outgoing, OutgoingReport
from agent.simulators.twilio.script import Script, clips
from agent.simulators.twilio.stream import Socket
from agent.simulators.twilio.webhook import Limits, Webhooks


class Directory(Protocol):
    """Where the REST side finds running calls: `agent.simulators.rest.TwilioRest` is one."""

    def enter(self, call: Call) -> None: ...
    def employ(self, exchange: "Twilio") -> None: ...


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
        self.colleagues: list[Colleague] = []
        """Whose telephone rings when the agent dials; the first that fits. Nobody: no answer."""
        self._rest = rest
        self._dial = dial
        self._outside = outside
        self._limits = limits or Limits()
        self._session: aiohttp.ClientSession | None = None
        self._rooms = Rooms()
        self._outgoing: list[Outgoing] = []
        self._carried: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            ws_response_class=Socket,
        )
        if self._rest is not None:
            self._rest.employ(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._carried:
            task.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)
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
            rooms=self._rooms,
        )
        if self._rest is not None:
            self._rest.enter(call)
        return await call.run(voice_url, script)

    def place(self, order: Order) -> Outgoing:
        """What `POST Calls.json` does; the call goes on by itself."""
        assert self._session is not None, "use `async with Twilio()`"
        nobody = Colleague(order.to, does="no-answer", rings=order.timeout)
        colleague = next((one for one in self.colleagues if one.takes(order)), nobody)
        webhooks = Webhooks(
            self._session,
            self.account,
            Addresses(order.status_callback or order.url, self._dial, self._outside),
            zero=time.monotonic(),
            limits=self._limits,
        )
        outgoing = Outgoing(order, colleague, webhooks, self._rooms, self.account.sid)
        self._outgoing.append(outgoing)
        self._carried.append(asyncio.create_task(outgoing.run()))
        return outgoing

    @property
    def outgoing(self) -> tuple[OutgoingReport, ...]:
        """Calls that the agent has placed, as they are now."""
        return tuple(one.report() for one in self._outgoing)

    async def settled(self) -> None:
        """Until every call that the agent has placed is over."""
        await asyncio.gather(*self._carried)
