"""Hostile words: no crash, nothing masked twice, and bounded time."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.spoken import Languages
from tests.fuzz.texts import MASKED, PIECES, WITHIN, cleaned, languages, slowest, told, understood

_SAID = """
    four one uno dos 4111 41 5 1980 80 double doble card tarjeta born nací cvv code dni nie iban
    letter X1234567 Z policy AB-1234567 A B CL.123456 at gmail dot com a@b.co calle Mayor 12 street
    vivo en I live it's is my and y the el de del of in . , ; - / ' + ( $ ° º ª dollars euros mil
    hundred million treinta May mayo March 3rd tercero 10:30 5/12/1980 12/27 am [number] [address]
    3000000000 [date of birth] [card number] (number) o oh un una yes uh ¿ ١٢ ４１ 𝟘 ñ é 不 🙂 B. as
    """
SAID = st.lists(st.sampled_from(_SAID.split()), max_size=12).map(" ".join)
GLUED = st.lists(st.sampled_from(_SAID.split()), max_size=12).map("".join)
ANY = st.text(alphabet=st.characters(), max_size=300)
MARKED_UP = st.from_regex(r"(<[a-z|/!]*>?|[a-z :]|system:|\[|\]|&lt;|`|\{)*")
TEXT = st.one_of(ANY, MARKED_UP, SAID, GLUED, st.sampled_from(PIECES).map(lambda one: one * 99))
CALL = st.lists(st.one_of(SAID, GLUED, ANY), max_size=5)
"""A caller's utterances."""


@pytest.fixture(scope="module")
def tongues() -> Languages:
    return languages()


@settings(max_examples=40)
@given(TEXT)
def test_clean_text_is_bounded_and_stays_as_it_is(text: str) -> None:
    cleaned(text)


@settings(max_examples=30)
@given(CALL)
def test_what_was_masked_in_a_call_is_read_again_without_a_change(utterances: list[str]) -> None:
    told([cleaned(said) for said in utterances])


@settings(max_examples=30)
@given(text=TEXT)
def test_whatever_is_said_can_be_read(text: str, tongues: Languages) -> None:
    understood(text, tongues)


def test_a_megabyte_of_hostile_words_is_read_at_once(figure: Callable[[str], None]) -> None:
    took = slowest(MASKED, "a date", "a code", "words")
    (reader, piece), longest = max(took.items(), key=lambda item: item[1])
    figure(f"at most {longest * 1000:.0f} ms of processor time: {reader}, {piece!r}")
    assert longest <= 2 * WITHIN  # machines are busy; `make fuzz` holds to once
