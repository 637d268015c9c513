"""Signatures, where they may go, and how long Twilio waits."""

import pytest
from twilio.request_validator import RequestValidator

from agent.simulators.twilio import Account
from agent.simulators.twilio.account import Addresses, Outside, is_loopback
from agent.simulators.twilio.webhook import Limits

ACCOUNT = Account(token="of this test")
VOICE = "https://agent.example/twilio/voice"


@pytest.mark.parametrize(
    ("url", "form"),
    [
        (VOICE, {"CallSid": "CA1", "From": "+15550100", "Äpfel": "süß & sauer"}),
        (f"{VOICE}?a=1&b=two", {}),
        ("wss://agent.example/twilio/media", {}),
    ],
)
def test_a_signature_is_the_one_that_twilios_library_computes(
    url: str, form: dict[str, str]
) -> None:
    assert ACCOUNT.sign(url, form) == RequestValidator(ACCOUNT.token).compute_signature(url, form)


def test_the_token_is_not_shown() -> None:
    assert "of this test" not in repr(ACCOUNT)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (VOICE, "http://127.0.0.1:8080/twilio/voice"),
        (f"{VOICE}?a=1#rc=2", "http://127.0.0.1:8080/twilio/voice?a=1"),
        ("wss://agent.example/media", "ws://127.0.0.1:8080/media"),
        ("http://localhost:9/other", "http://localhost:9/other"),
    ],
)
def test_the_public_host_is_dialled_locally(url: str, target: str) -> None:
    assert Addresses(VOICE, "http://127.0.0.1:8080").target(url) == target


def test_another_host_is_not_dialled() -> None:
    with pytest.raises(Outside, match=r"elsewhere\.example"):
        Addresses(VOICE, "http://127.0.0.1:8080").target("https://elsewhere.example/")


def test_another_host_is_dialled_on_purpose() -> None:
    assert Addresses(VOICE, outside=True).target(VOICE) == VOICE


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1/", True),
        ("ws://[::1]:1/", True),
        ("http://localhost/", True),
        ("http://10.0.0.1/", False),
        ("http://localhost.example/", False),
    ],
)
def test_loopback_is_told_from_the_rest(url: str, local: bool) -> None:
    assert is_loopback(url) is local


@pytest.mark.parametrize(
    ("url", "limits"),
    [
        (VOICE, Limits(5.0, 15.0, 15.0, 1)),
        (f"{VOICE}#ct=2000&rt=3000&tt=4000&rc=2", Limits(2.0, 3.0, 4.0, 2)),
        (f"{VOICE}#rc=many", Limits()),
    ],
)
def test_an_address_overrides_the_limits(url: str, limits: Limits) -> None:
    assert Limits().override(url) == limits
