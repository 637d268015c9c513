"""What an HTTP exchange failed of, in the words of our policy and never in the other side's."""

from collections.abc import Container, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2

from knowledge.chain import Fault, sane

DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def refusal(
    status: int, headers: Mapping[str, str], code: str = "", *, denied: Container[int] = DENIED
) -> Fault:
    """`code`: a word that is safe to log. `denied`: statuses that somebody has to mend."""
    detail = f"{status} {code}".strip()
    if status in denied:
        return Fault("denied", detail, permanent=True)
    wait = retry_after(headers, datetime.now(UTC))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Fault("limited", detail, retry_after=wait)
    return Fault("broken", detail, retry_after=wait)


def disconnection(cause: BaseException | None) -> Fault:
    """`cause`: an error of an HTTP client, maybe from behind one of a vendor's client."""
    detail = type(cause).__name__ if cause else ""
    if detail in {"ConnectError", "ConnectTimeout"}:  # by name: two HTTP clients are installed
        return Fault("refused", detail)
    if isinstance(cause, TimeoutError | httpx2.TimeoutException) or detail.endswith("Timeout"):
        return Fault("late", detail)
    return Fault("cut", detail)


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds from `retry-after-ms` or `Retry-After` (RFC 9110: seconds or a date); 0: unsaid."""
    said = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(ValueError):
            return sane(float(said.get(name, "")) * unit)
    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(said.get("retry-after", ""))
        return sane((date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())
    return 0.0
