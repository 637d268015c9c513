"""The client of Deepgram: what it asks for, what it understands, how it fails."""

import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agent.simulators.deepgram import Deepgram as Provider
from agent.simulators.deepgram import Mishaps
from agent.simulators.server import Behaviour
from agent.simulators.server import Fault as Trouble
from knowledge.chain import Fault
from processors.ears.deepgram import MOST_TERMS, Deepgram, address, parse, refusal
from processors.ears.mouth import Mouth, Word
from processors.ears.ring import Ring
from tests.eventually import until
from tests.processors.ears.speech import silence, spoken

YES = spoken("yes please")
SOON = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)


def result(**changes: object) -> str:
    words = [
        {"word": "sí", "start": 0.5, "end": 0.7, "punctuated_word": "Sí,", "language": "es"},
        {"word": "please", "start": 0.8, "end": 1.2, "punctuated_word": "please", "language": "en"},
        {"word": "claro", "start": 1.3, "end": 1.6, "punctuated_word": "claro.", "language": "es"},
    ]
    best = {"transcript": "Sí, please claro.", "confidence": 0.93, "words": words}
    event = {"type": "Results", "start": 0.0, "duration": 1.8, "is_final": True}
    return json.dumps({**event, "channel": {"alternatives": [best]}, **changes})


def test_it_asks_for_the_lines_own_encoding_and_for_interims() -> None:
    url = address("https://api.deepgram.com/", ("en",), "nova-3")
    assert url.startswith("wss://api.deepgram.com/v1/listen?model=nova-3&language=en&")
    for setting in ("encoding=mulaw", "sample_rate=8000", "interim_results=true"):
        assert setting in url


def test_several_languages_are_asked_for_as_multi_and_http_stays_plain() -> None:
    url = address("http://127.0.0.1:9000/dg", ("en", "es"), "nova-3")
    assert url.startswith("ws://127.0.0.1:9000/dg/v1/listen?")
    assert "language=multi" in url


def test_words_to_be_expected_are_sent_to_models_that_take_them_and_not_too_many() -> None:
    terms = ["deductible", "no-claims discount", *(f"term {number}" for number in range(200))]
    url = address("https://api.deepgram.com", ("en",), "nova-3", terms)
    assert "&keyterm=deductible&keyterm=no-claims+discount&keyterm=term+0" in url
    assert url.count("keyterm=") == MOST_TERMS
    assert address("https://api.deepgram.com", ("en",), "nova-3", ["x" * 400] * 9).count("xxx&") < 3
    assert "keyterm" not in address("https://api.deepgram.com", ("en",), "nova-2", terms)


async def test_who_refuses_those_words_is_asked_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("processors.ears.deepgram.MOST_LETTERS", 9000)
    async with Provider() as provider:
        client = Deepgram("key", ("en",), base_url=provider.url, terms=["word" * 5] * 99)
        with pytest.raises(Fault, match="400"):
            await client.probe()
        await client.probe()


def test_a_result_has_words_times_confidence_and_the_language_of_most_words() -> None:
    heard = parse(result(from_finalize=True), "")
    assert heard is not None
    assert (heard.text, heard.confidence, heard.language) == ("Sí, please claro.", 0.93, "es")
    assert heard.words[0] == Word("Sí,", 0.5, 0.7)
    assert heard.until == pytest.approx(1.8)
    assert heard.final
    assert heard.answers


def test_the_only_configured_language_needs_no_word_of_it() -> None:
    heard = parse(result(), "en")
    assert heard is not None
    assert heard.language == "en"


def test_what_is_no_transcript_is_passed_over() -> None:
    assert parse('{"type": "SpeechStarted", "timestamp": 1.0}', "") is None


@pytest.mark.parametrize(
    "message",
    ["\x00{", "[]", "{}", b"\xff\xfe", '{"type": "Results"}', '{"type": "Error"}', "null"],
)
def test_nonsense_is_a_fault(message: str | bytes) -> None:
    with pytest.raises(Fault, match="broken"):
        parse(message, "")


@pytest.mark.parametrize(
    ("status", "kind", "permanent", "retry_after"),
    [
        (401, "denied", True, 0.0),
        (403, "denied", True, 0.0),
        (429, "limited", False, 3.5),
        (402, "denied", True, 0.0),
        (500, "broken", False, 3.5),
        (503, "broken", False, 3.5),
    ],
)
def test_a_status_says_what_a_retry_is_good_for(
    status: int, kind: str, permanent: bool, retry_after: float
) -> None:
    fault = refusal(status, {"Retry-After": "3.5"})
    assert (fault.kind, fault.permanent, fault.retry_after) == (kind, permanent, retry_after)


@pytest.mark.parametrize(
    ("named", "least", "most"),
    [
        pytest.param(SOON, 300, 600, id="a date"),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("inf", 3600, 3600),
        ("1e300", 3600, 3600),
        ("nan", 0, 0),
        ("soon", 0, 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_is_taken_as_it_is_meant(
    status: int, named: str, least: float, most: float
) -> None:
    assert least <= refusal(status, {"Retry-After": named}).retry_after <= most


async def test_words_come_and_the_stream_is_closed_politely() -> None:
    ring = Ring()
    ring.write(YES.pcm + silence(0.2))
    mouth = Mouth(ring, 0)
    async with Provider([YES], key="secret") as provider:
        client = Deepgram("secret", ("en",), base_url=provider.url)
        async with aclosing(client.listen(mouth)) as events:
            assert await anext(events) is None
            mouth.stopped(ring.received)
            heard = await anext(events)
            assert heard is not None
            assert (heard.text, heard.answers) == ("Yes please.", True)
        await until(lambda: provider.seen.open == 0)
        assert provider.seen.cancelled == 0
        assert provider.seen.keys == ["secret"]


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (Trouble.REFUSE, "refused"),
        (Trouble.DENIED, "denied"),
        (Trouble.LIMITED, "limited"),
        (Trouble.BROKEN, "broken"),
    ],
)
async def test_a_probe_fails_as_a_call_would(trouble: Trouble, kind: str) -> None:
    behaviour = Behaviour(fault=trouble, retry_after=2.0)
    async with Provider(behaviour=behaviour) as provider:
        client = Deepgram("key", ("en",), base_url=provider.url)
        with pytest.raises(Fault, match=kind) as caught:
            await client.probe()
        assert caught.value.retry_after == (2.0 if kind == "limited" else 0.0)
        await provider.behave(fault=Trouble.NONE)
        await client.probe()


@pytest.mark.parametrize(
    ("trouble", "mishaps", "kind"),
    [
        (Trouble.NONE, Mishaps(stall_after=0.0), "cut"),
        (Trouble.DROP, Mishaps(drop_after=0.1), "cut"),
        (Trouble.GARBAGE, Mishaps(), "broken"),
    ],
)
async def test_a_probe_is_no_success_where_only_the_connection_is_accepted(
    trouble: Trouble, mishaps: Mishaps, kind: str
) -> None:
    behaviour = Behaviour(fault=trouble, latency=0.0)
    async with Provider(behaviour=behaviour, mishaps=mishaps) as provider:
        with pytest.raises(Fault, match=kind):
            await Deepgram("key", ("en",), base_url=provider.url).probe()


async def test_a_wrong_key_is_denied_and_never_named() -> None:
    async with Provider(key="right") as provider:
        with pytest.raises(Fault) as caught:
            await Deepgram("wrong-secret", ("en",), base_url=provider.url).probe()
    assert caught.value.permanent
    assert "secret" not in str(caught.value)


async def test_the_end_of_a_stream_is_a_cut() -> None:
    ring = Ring()
    ring.write(silence(2.0))
    behaviour = Behaviour(fault=Trouble.DROP)
    async with Provider(behaviour=behaviour, mishaps=Mishaps(drop_after=0.5)) as provider:
        client = Deepgram("key", ("en",), base_url=provider.url)
        async with aclosing(client.listen(Mouth(ring, 0))) as events:
            with pytest.raises(Fault, match="cut"):
                async for _event in events:
                    pass
