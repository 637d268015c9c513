"""What a call keeps for itself is opened by this call of this deployment alone."""

import base64

import pytest

from knowledge.sealed import Seal

SECRET = b"0123456789abcdef"
TEXT = b'{"policy number": "AB-1234567"}'


def test_a_call_opens_what_was_sealed_for_it() -> None:
    sealed = Seal([SECRET]).close("CA1", TEXT)
    assert Seal([SECRET]).open("CA1", sealed) == TEXT
    assert b"AB-1234567" not in base64.b64decode(sealed)


def test_the_same_text_is_never_sealed_to_the_same() -> None:
    seal = Seal([SECRET])
    assert seal.close("CA1", TEXT) != seal.close("CA1", TEXT)


def test_neither_another_call_nor_another_deployment_opens_it() -> None:
    sealed = Seal([SECRET]).close("CA1", TEXT)
    assert Seal([SECRET]).open("CA2", sealed) is None
    assert Seal([b"another secret"]).open("CA1", sealed) is None


def test_a_secret_may_change_under_a_call() -> None:
    sealed = Seal([b"old"]).close("CA1", TEXT)
    both = Seal([b"new", b"old"])
    assert both.open("CA1", sealed) == TEXT
    assert Seal([b"old"]).open("CA1", both.close("CA1", TEXT)) is None


@pytest.mark.parametrize("damaged", ["", "a", "no base64!", "AAAA", "é"])
def test_what_is_no_seal_is_nothing(damaged: str) -> None:
    assert Seal([SECRET]).open("CA1", damaged) is None


def test_a_changed_bit_is_noticed() -> None:
    packed = bytearray(base64.b64decode(Seal([SECRET]).close("CA1", TEXT)))
    for at in range(len(packed)):
        packed[at] ^= 1
        assert Seal([SECRET]).open("CA1", base64.b64encode(packed).decode()) is None
        packed[at] ^= 1
