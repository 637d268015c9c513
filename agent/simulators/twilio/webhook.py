"""Signed requests of Twilio to the agent, with its time limits and its one retry."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp

from agent.simulators.twilio.account import SIGNATURE, Account, Addresses, Outside
from agent.simulators.twilio.measures import Exchange

AGENT = "TwilioProxy/1.1"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and retries; an address overrides them in its fragment, `#rt=3000&rc=2`.

    https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1

    def override(self, url: str) -> "Limits":
        given = dict(parse_qsl(urlsplit(url).fragment))
        try:
            return Limits(
                int(given.get("ct", self.connect * 1000)) / 1000,
                int(given.get("rt", self.read * 1000)) / 1000,
                int(given.get("tt", self.total * 1000)) / 1000,
                int(given.get("rc", self.retries)),
            )
        except ValueError:
            return self


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: str
    error: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Webhooks:
    """One call's requests; never raises, what went wrong stands in the answer."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        account: Account,
        addresses: Addresses,
        *,
        zero: float,
        limits: Limits,
        copies: int = 1,
    ) -> None:
        self.log: list[Exchange] = []
        self._session = session
        self._account = account
        self._addresses = addresses
        self._zero = zero
        self._limits = limits
        self._copies = copies

    async def ask(self, url: str, parameters: dict[str, str], method: str = "POST") -> Answer:
        """The last of the copies' answers, each tried again once if there was none."""
        copies = [self._persist(url, parameters, method) for _ in range(self._copies)]
        return (await asyncio.gather(*copies))[-1]

    async def _persist(self, url: str, parameters: dict[str, str], method: str) -> Answer:
        limits = self._limits.override(url)
        answer = await self._try(url, parameters, method, limits)
        for _ in range(limits.retries):
            if answer.status:
                break
            answer = await self._try(url, parameters, method, limits)
        return answer

    async def _try(
        self, url: str, parameters: dict[str, str], method: str, limits: Limits
    ) -> Answer:
        began = time.monotonic()
        answer = await self._request(url, parameters, method, limits)
        took = time.monotonic() - began
        self.log.append(
            Exchange(url, began - self._zero, took, answer.status, answer.body, answer.error)
        )
        return answer

    async def _request(
        self, url: str, parameters: dict[str, str], method: str, limits: Limits
    ) -> Answer:
        url = url.partition("#")[0]
        if method == "GET":
            url += ("&" if "?" in url else "?") + urlencode(parameters)
            parameters = {}
        headers = {SIGNATURE: self._account.sign(url, parameters), "User-Agent": AGENT}
        timeout = aiohttp.ClientTimeout(
            total=limits.total, sock_connect=limits.connect, sock_read=limits.read
        )
        try:
            async with self._session.request(
                method,
                self._addresses.target(url),
                data=parameters or None,
                headers=headers,
                timeout=timeout,
                allow_redirects=True,
            ) as response:
                body = await response.text(errors="replace")
                return Answer(response.status, response.content_type, body)
        except TimeoutError:
            return Answer(0, "", "", f"no answer within {limits.total:g} s")
        except (aiohttp.ClientError, Outside) as error:
            return Answer(0, "", "", str(error) or type(error).__name__)
