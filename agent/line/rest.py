"""Twilio's REST API, as far as a call needs it: end it, give it other instructions, place one.

Twilio's own asynchronous client opens a connection pool for itself and knows no other root than
Twilio's: this one uses the process's pool and TWILIO_API_BASE_URL.

While Twilio does not answer, or has asked to be left alone, it is not asked for what has another
way: an end, which closing the stream is too, and a transfer, whose caller is told so. Instructions
may be the only way out, for a caller who would hear nothing: they are always sent. What fails at
once costs nobody time, and is no reason to leave Twilio alone.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp

from knowledge.allowance import Allowance
from knowledge.chain import PROBING, Breaker, Fault
from knowledge.http import retry_after

TIMEOUT = 3.0
RETRIES = 2
PAUSE = 0.25
"""Seconds before the first retry, about; doubled for the second."""
LONGEST_PAUSE = 2.0
"""Seconds; a longer Retry-After is not waited for."""
GONE = frozenset({20404, 21220})
"""Twilio's codes for a call that is over: not found, not in progress."""


class TwilioError(Exception):
    """Twilio refused or did not answer. Its text is safe to log."""

    def __init__(self, status: int, code: int = 0) -> None:
        """`status` of HTTP, 0 without an answer; `code` from Twilio's list of errors."""
        super().__init__(f"HTTP {status}, code {code}" if status else "no answer")
        self.status = status
        self.code = code


class CallGone(TwilioError):
    """The call has ended already: most often the caller was faster."""


class TwilioDenied(TwilioError):
    """Account or token are wrong: no retry helps."""


class TwilioAway(TwilioError):
    """No answer, 429 or 5xx, and not on a retry either. Whether it was done is not known."""


class TwilioLeftAlone(TwilioAway):
    """Not asked, as there is another way."""

    def __init__(self) -> None:
        super().__init__(0)
        self.args = ("left alone",)


@dataclass(frozen=True, slots=True)
class Dialling:
    """A call to be placed. Numbers in E.164, addresses absolute."""

    number: str
    caller_id: str
    """One of the account's own numbers."""
    twiml: str
    """For whoever answers; at most 4000 characters."""
    ring: int
    """Seconds; Twilio adds up to 5."""
    status: str
    """Told of each change of the call's state, and while `twiml` is heard whether a person or a
    machine has answered (https://www.twilio.com/docs/voice/answering-machine-detection)."""


_Form = Mapping[str, str | Sequence[str]]


class TwilioRest:
    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        account_sid: str,
        auth_token: str,
        *,
        timeout: float = TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`session`: the process's own; it stays open. `base_url` without a slash at the end.

        `timeout`: seconds for one attempt.
        """
        self._session = session
        self._account = f"{base_url}/2010-04-01/Accounts/{quote(account_sid, safe='')}"
        self._sid = account_sid
        self._tokens: deque[str] = deque([auth_token])
        """The first one is used; one that is denied goes to the end."""
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._sleep = sleep
        self._allowance = Allowance()
        self.breaker = Breaker(rest=PROBING)

    def renew(self, tokens: Sequence[str]) -> None:
        """While one replaces another, both are tried."""
        self._tokens = deque(tokens)

    async def hang_up(self, call: str) -> None:
        """Raises TwilioError; CallGone where there is nothing left to end."""
        self._spare()
        await self._update(call, {"Status": "completed"})

    async def instruct(self, call: str, twiml: str) -> None:
        """Replaces what the call is doing. Addresses in `twiml` have to be absolute. Raises
        TwilioError."""
        await self._update(call, {"Twiml": twiml})

    async def dial(self, dialling: Dialling) -> str:
        """Places a call; its CallSid. Never tried again, since a second call might ring too.

        Raises TwilioError: after TwilioAway a call may have been placed all the same.
        """
        self._spare()
        form: _Form = {
            "To": dialling.number,
            "From": dialling.caller_id,
            "Twiml": dialling.twiml,
            "Timeout": str(dialling.ring),
            "StatusCallback": dialling.status,
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
            "MachineDetection": "Enable",
            "AsyncAmd": "true",
            "AsyncAmdStatusCallback": dialling.status,
        }
        reply = await self._attempt("POST", f"{self._account}/Calls.json", form)
        if reply.error is not None:
            raise reply.error
        return _text(reply.body, "sid")

    async def status(self, call: str) -> str:
        """As Twilio names it: queued, ringing, in-progress, completed, busy, no-answer, failed,
        canceled. Raises TwilioError."""
        return _text(await self._ask("GET", self._call(call), None), "status")

    async def check(self) -> None:
        """Whether account and token are right; for `doctor`. Raises TwilioError."""
        with suppress(CallGone):  # nobody has this call: to be told so takes a valid account
            await self._ask("GET", self._call("CA" + "0" * 32), None)

    async def _update(self, call: str, change: dict[str, str]) -> None:
        _text(await self._ask("POST", self._call(call), change), "sid")  # else it was not Twilio

    def _call(self, sid: str) -> str:
        return f"{self._account}/Calls/{quote(sid, safe='')}.json"

    def _spare(self) -> None:
        """Raises TwilioLeftAlone; every few seconds somebody finds out whether it works again."""
        if not self.breaker.admits(time.monotonic()):
            raise TwilioLeftAlone

    async def _ask(self, method: str, url: str, form: _Form | None) -> Any:
        """The answer's JSON. Repeating is safe: each request says what is to be, not what is to
        change."""
        attempt = 0
        self._allowance.asked(time.monotonic())
        while True:
            reply = await self._attempt(method, url, form)
            error = reply.error
            if error is None:
                return reply.body
            if not isinstance(error, TwilioAway) or attempt == RETRIES or not self._again(reply):
                raise error
            jitter = random.uniform(0.5, 1.5)  # noqa: S311
            await self._sleep(max(reply.wanted, PAUSE * 2**attempt * jitter))
            attempt += 1

    def _again(self, reply: "_Reply") -> bool:
        """Not where it would be waited for in vain."""
        if reply.wanted > LONGEST_PAUSE or (reply.late and self.breaker.open):
            return False
        return self._allowance.granted(time.monotonic())

    async def _attempt(self, method: str, url: str, form: _Form | None) -> "_Reply":
        for _ in range(len(self._tokens)):
            token = self._tokens[0]
            reply = await self._request(method, url, form, token)
            if not isinstance(reply.error, TwilioDenied):
                break
            if self._tokens[0] == token:
                self._tokens.rotate(-1)
        return reply

    async def _request(self, method: str, url: str, form: _Form | None, token: str) -> "_Reply":
        began = time.monotonic()
        try:
            async with self._session.request(
                method,
                url,
                data=form,
                headers={"Authorization": aiohttp.encode_basic_auth(self._sid, token)},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                reply = await _read(response)
        except TimeoutError:
            reply = _Reply(TwilioAway(0), late=True)
        except (aiohttp.ClientError, OSError):
            reply = _Reply(TwilioAway(0))
        self._learn(reply, began)
        return reply

    def _learn(self, reply: "_Reply", began: float) -> None:
        if not isinstance(reply.error, TwilioAway):
            self.breaker.worked(began)
        elif reply.late or reply.wanted > 0:
            fault = Fault("late" if reply.late else "limited", retry_after=reply.wanted)
            self.breaker.failed(fault, time.monotonic())


@dataclass(frozen=True, slots=True)
class _Reply:
    error: TwilioError | None
    body: Any = None
    wanted: float = 0.0
    """Seconds that Twilio asks to be left alone."""
    late: bool = False


async def _read(response: aiohttp.ClientResponse) -> _Reply:
    wanted = retry_after(response.headers, datetime.now(UTC))
    try:
        body = await response.json(content_type=None)
    except ValueError:  # a proxy's page in Twilio's place
        return _Reply(TwilioAway(response.status), wanted=wanted)
    if 200 <= response.status < 300:  # noqa: PLR2004
        return _Reply(None, body)
    return _Reply(_error(response.status, _code(body)), wanted=wanted)


def _text(body: Any, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise TwilioAway(200)
    return value


def _code(body: Any) -> int:
    code = body.get("code") if isinstance(body, dict) else 0
    return code if isinstance(code, int) else 0


def _error(status: int, code: int) -> TwilioError:
    if code in GONE or status == 404:  # noqa: PLR2004
        return CallGone(status, code)
    if status in {401, 403}:
        return TwilioDenied(status, code)
    if status == 429 or status >= 500:  # noqa: PLR2004
        return TwilioAway(status, code)
    return TwilioError(status, code)
