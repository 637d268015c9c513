"""Which signatures prove that Twilio asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.line.signature import Form, Signature, Signed
from tests.fuzz.signatures import FORM, KEY, legitimate, sign


def signed(
    signature: str, path: str = "/twilio/voice", query: str = "", settings: str = ""
) -> Signed:
    return Signed(path=path, query=query, signature=signature, settings=settings)


def test_every_form_in_which_twilio_signs_the_one_address_is_proof() -> None:
    """Ports, slashes, capitals, regions, both algorithms, webhooks and upgrades."""
    forms = dict(legitimate())
    assert len(forms) > 90
    assert [form for form, accepted in forms.items() if not accepted] == []


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
