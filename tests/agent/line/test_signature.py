"""Which signatures prove that Twilio asks."""

import base64
import hmac
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.line.signature import Form, Signature, Signed

KEY = "0123456789abcdef"
FORM = Form.of([("CallSid", "CA1"), ("From", "+15550100"), ("Digits", "")])


def sign(url: str, form: Form | None = None, key: str = KEY, digest: str = "sha1") -> str:
    """As the vendor's page describes it, written without the vendor's library."""
    text = url
    for name, values in sorted((form or Form()).items()):
        text += "".join(name + value for value in sorted(values))
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), digest)).decode()


def signed(
    signature: str, path: str = "/twilio/voice", query: str = "", settings: str = ""
) -> Signed:
    return Signed(path=path, query=query, signature=signature, settings=settings)


@pytest.mark.parametrize(
    ("public", "url"),
    [
        ("https://phone.example.com", "https://phone.example.com/twilio/voice"),
        ("https://phone.example.com", "https://phone.example.com/twilio/voice/"),
        ("https://phone.example.com", "https://phone.example.com:443/twilio/voice"),
        ("https://phone.example.com", "https://phone.example.com:443/twilio/voice/"),
        ("https://phone.example.com:443", "https://phone.example.com/twilio/voice"),
        ("https://Phone.Example.com", "https://phone.example.com/twilio/voice"),
        ("https://phone.example.com:8443", "https://phone.example.com:8443/twilio/voice"),
        ("https://example.com/line", "https://example.com/line/twilio/voice"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/twilio/voice"),
        ("http://[::1]:8080", "http://[::1]:8080/twilio/voice"),
        ("http://localhost", "http://localhost:80/twilio/voice"),
    ],
)
def test_every_form_in_which_twilio_signs_the_one_address_is_proof(public: str, url: str) -> None:
    assert Signature(KEY, public).proves_post(signed(sign(url, FORM)), FORM)


@pytest.mark.parametrize(
    ("public", "url"),
    [
        ("https://phone.example.com", "wss://phone.example.com/twilio/media"),
        ("https://phone.example.com", "wss://phone.example.com/twilio/media/"),
        ("https://phone.example.com", "wss://phone.example.com:443/twilio/media"),
        ("https://phone.example.com:8443", "wss://phone.example.com:8443/twilio/media"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/twilio/media"),
    ],
)
def test_an_upgrade_is_signed_over_its_websocket_address(public: str, url: str) -> None:
    signature = Signature(KEY, public)
    assert signature.proves_upgrade(signed(sign(url), "/twilio/media"))
    assert not signature.proves_upgrade(signed(sign("http" + url[2:]), "/twilio/media"))
    assert not signature.proves_post(signed(sign(url), "/twilio/media"), Form())


def test_a_query_is_part_of_the_address() -> None:
    signature = Signature(KEY, "https://phone.example.com")
    url = "https://phone.example.com/twilio/voice?tenant=a%20b"
    assert signature.proves_post(signed(sign(url, FORM), query="tenant=a%20b"), FORM)
    assert not signature.proves_post(signed(sign(url, FORM), query="tenant=b"), FORM)
    assert not signature.proves_post(signed(sign(url, FORM)), FORM)


def test_a_repeated_name_is_signed_with_all_its_values() -> None:
    form = Form.of([("To", "b"), ("To", "a"), ("CallSid", "CA1")])
    proof = signed(sign("https://phone.example.com/twilio/voice", form))
    assert Signature(KEY, "https://phone.example.com").proves_post(proof, form)


def test_a_shared_key_signs_with_sha256_and_says_so() -> None:
    signature = Signature(KEY, "https://phone.example.com")
    proof = sign("https://phone.example.com/twilio/voice", FORM, digest="sha256")
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert signature.proves_post(signed(proof, settings=settings), FORM)
    assert not signature.proves_post(signed(proof), FORM)
    assert not signature.proves_post(signed(proof, settings="algorithm=HMAC_MD5"), FORM)


def test_ten_thousand_mutations_prove_nothing() -> None:
    signature = Signature(KEY, "https://phone.example.com")
    url = "https://phone.example.com/twilio/voice"
    proof = sign(url, FORM)
    dice = random.Random(1)
    accepted = 0
    for _ in range(2000):
        place = dice.randrange(len(proof) - 1)
        letter = dice.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        mutated = proof[:place] + letter + proof[place + 1 :]
        if mutated == proof or base64.b64decode(mutated) == base64.b64decode(proof):
            continue
        accepted += signature.proves_post(signed(mutated), FORM)
        name = dice.choice(list(FORM))
        accepted += signature.proves_post(signed(proof), Form(FORM | {name: [letter + "x"]}))
        accepted += signature.proves_post(signed(proof), Form(FORM | {letter: ["1"]}))
        accepted += signature.proves_post(signed(proof, path=f"/twilio/{letter}"), FORM)
        accepted += signature.proves_post(signed(proof, query=f"{letter}={place}"), FORM)
    assert accepted == 0


@given(st.text(), st.text(), st.text(), st.dictionaries(st.text(), st.lists(st.text(), min_size=1)))
def test_whatever_is_sent_is_no_proof_and_no_error(
    signature: str, settings: str, query: str, form: dict[str, list[str]]
) -> None:
    checker = Signature(KEY, "https://phone.example.com")
    claim = Signed("/twilio/voice", query, signature, settings)
    assert checker.proves_post(claim, Form(form)) is False
    assert checker.proves_upgrade(claim) is False


def test_another_key_proves_nothing() -> None:
    proof = sign("https://phone.example.com/twilio/voice", FORM, key="another")
    assert not Signature(KEY, "https://phone.example.com").proves_post(signed(proof), FORM)


def test_while_a_key_is_replaced_both_are_good_and_afterwards_one() -> None:
    url = "https://phone.example.com/twilio/voice"
    old, new = signed(sign(url, FORM)), signed(sign(url, FORM, key="the-new-one"))
    signature = Signature(KEY, "https://phone.example.com")
    assert not signature.proves_post(new, FORM)
    signature.renew((KEY, "the-new-one"))
    assert signature.proves_post(old, FORM)
    assert signature.proves_post(new, FORM)
    signature.renew(("the-new-one",))
    assert not signature.proves_post(old, FORM)
    assert signature.proves_post(new, FORM)
