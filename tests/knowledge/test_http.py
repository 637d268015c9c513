"""What an HTTP exchange failed of: how long it is to be left alone."""

from datetime import UTC, datetime

import pytest

from knowledge.http import refusal, retry_after

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after": "3"}, 3.0),
        ({"Retry-After-Ms": "250", "Retry-After": "3"}, 0.25),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:20 GMT"}, 20.0),
        ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:20 +99999999999999999999"}, 0.0),
        ({"Retry-After": "Sat, 21 Nov 99999 10:00:20 GMT"}, 0.0),
        ({"Retry-After": "-1"}, 0.0),
        ({"Retry-After": "nan"}, 0.0),
        ({"Retry-After": "inf"}, 3600.0),
        ({"Retry-After": "1e300"}, 3600.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_an_hour(
    headers: dict[str, str], seconds: float
) -> None:
    assert retry_after(headers, NOW) == seconds


def test_what_somebody_has_to_mend_is_named_by_whoever_asks() -> None:
    assert not refusal(404, {}).permanent
    assert refusal(404, {}, denied=(404,)).permanent
    assert refusal(403, {}).permanent
