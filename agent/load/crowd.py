"""Carries a plan out: callers come, call, and call again until the time is over."""

import asyncio
import random
import time
from collections.abc import Callable

from agent.load.plan import Plan
from agent.load.report import Report, Tally
from agent.simulators.twilio import Script, Twilio

OnProgress = Callable[[Report], None]


async def run(plan: Plan, *, on_progress: OnProgress | None = None) -> Report:
    """`on_progress` gets the report as it stands, once a second."""
    began = time.monotonic()
    tally = Tally()

    def report() -> Report:
        return tally.report(users=plan.users, seconds=time.monotonic() - began)

    async with Twilio(plan.account, dial=plan.dial, outside=plan.yes) as twilio:
        callers = [
            asyncio.create_task(_Caller(plan, twilio, tally, user).call_again_and_again(began))
            for user in range(plan.users)
        ]
        try:
            async with asyncio.timeout(plan.seconds + plan.grace):
                await _watch(callers, report, on_progress)
        except TimeoutError:
            pass
        finally:
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)
    return report()


async def _watch(
    callers: "list[asyncio.Task[None]]", report: Callable[[], Report], tell: OnProgress | None
) -> None:
    waiting = set(callers)
    while waiting:
        done, waiting = await asyncio.wait(
            waiting, timeout=1.0, return_when=asyncio.FIRST_EXCEPTION
        )
        for caller in done:
            await caller
        if tell is not None:
            tell(report())


class _Caller:
    def __init__(self, plan: Plan, twilio: Twilio, tally: Tally, user: int) -> None:
        self._plan = plan
        self._twilio = twilio
        self._tally = tally
        self._user = user
        # Reproducible conversations, nothing to keep secret.
        self._chance = random.Random(plan.seed * 100_003 + user)  # noqa: S311

    async def call_again_and_again(self, began: float) -> None:
        end = began + self._plan.seconds
        arrival = began + self._plan.arrival(self._user)
        if arrival >= end:
            return
        await asyncio.sleep(arrival - time.monotonic())
        while time.monotonic() < end:
            await self._call()
            if time.monotonic() + self._plan.pause >= end:
                return
            await asyncio.sleep(self._plan.pause)

    async def _call(self) -> None:
        self._tally.begin()
        over = False
        try:
            call = self._twilio.call(self._plan.url, self._script(), self._plan.conditions)
            self._tally.add(await call)
            over = True
        finally:
            if not over:
                self._tally.cut()

    def _script(self) -> Script:
        scenarios = self._plan.scenarios
        weights = [scenario.weight for scenario in scenarios]
        (scenario,) = self._chance.choices(scenarios, weights)
        return scenario.make(self._chance)
