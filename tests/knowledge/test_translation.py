"""A turn's reading comes in time or not at all, and what can be measured says how good it is."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator

import httpx2
import openai
import pytest

from agent.simulators.openai import LIMIT, TOKENS, OpenAI, Writing, table
from agent.simulators.server import Fault
from knowledge import chain, glossary
from knowledge.asker import asks
from knowledge.chain import Breaker
from knowledge.events import Event, Quota, Switched, Used, nowhere
from knowledge.glossary import Glossary
from knowledge.readings import Readings
from knowledge.spending import Spending
from knowledge.store import BUDGET
from knowledge.translation import IMPATIENT, WITHIN, Rendered, Translations
from knowledge.translators import ModelTranslator
from tests.eventually import until
from tests.knowledge.stalled import Stalled

WORDS = glossary.load()
SPANISH = "¿Cuál es el deducible de mi póliza?"
ENGLISH = "What is the deductible of my policy?"


@pytest.fixture
async def http() -> AsyncIterator[openai.DefaultAsyncHttpxClient]:
    async with openai.DefaultAsyncHttpxClient(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout=httpx2.Timeout(5.0)
    ) as client:
        yield client


def provider(latency: float = 0.0, fault: Fault | None = None) -> OpenAI:
    answers = table({"deducible": ENGLISH, "granizo": "Is hail covered?"})
    return OpenAI(answers, behaviour=Writing(latency=latency, pace=0.0, fault=fault))


def translator(
    simulated: OpenAI, http: openai.DefaultAsyncHttpxClient, name: str = "openai"
) -> ModelTranslator:
    return ModelTranslator(name, "key", simulated.api, "gpt-4.1-mini", http=http)


class Reader:
    """Reads everything, or nothing."""

    model = "reader"

    def __init__(self, name: str, fault: chain.Kind | None = None) -> None:
        self.name = name
        self.breaker = Breaker()
        self._fault = fault

    async def translate(self, text: str, source: str, target: str, glossary: Glossary) -> Rendered:
        if self._fault is not None:
            raise chain.Fault(self._fault)
        return Rendered(ENGLISH)


class Marks:
    def __init__(self) -> None:
        self.made: list[Switched] = []

    def mark(self, switched: Switched) -> None:
        self.made.append(switched)


async def settled(translations: Translations) -> None:
    while translations.busy:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_reading_is_asked_for_once_and_kept(http: openai.DefaultAsyncHttpxClient) -> None:
    async with provider() as simulated:
        translations = Translations([translator(simulated, http)], WORDS, emit=nowhere)
        first = await translations.whole(SPANISH, "es", "en")
        assert first is not None
        assert (first.text, first.provider) == (ENGLISH, "openai")
        assert first.confidence >= 0.9
        again = await translations.read("cual es el deducible de mi poliza", "es", "en")
        assert again is first
        assert len(simulated.requests) == 1
        order = str(simulated.requests[0]["messages"][0]["content"])
        assert "“deducible” as “deductible”" in order
        await translations.close()


async def test_a_turn_waits_no_longer_than_it_may_and_the_next_one_profits(
    http: openai.DefaultAsyncHttpxClient,
) -> None:
    async with provider(latency=2 * WITHIN) as simulated:
        translations = Translations([translator(simulated, http)], WORDS, emit=nowhere)
        began = time.monotonic()
        assert await translations.read(SPANISH, "es", "en") is None
        assert time.monotonic() - began < WITHIN + 0.1
        await settled(translations)
        found = await translations.read(SPANISH, "es", "en")
        assert found is not None
        assert found.text == ENGLISH
        await translations.close()


async def test_nobody_waits_for_a_provider_that_hangs_after_it_was_late_twice(
    http: openai.DefaultAsyncHttpxClient,
) -> None:
    async with provider(fault=Fault.HANG) as simulated:
        translations = Translations([translator(simulated, http)], WORDS, emit=nowhere)
        waits = []
        for number in range(IMPATIENT + 3):
            began = time.monotonic()
            assert await translations.read(f"{SPANISH} {'otra ' * number}", "es", "en") is None
            waits.append(time.monotonic() - began)
        assert all(wait >= WITHIN - 0.01 for wait in waits[:IMPATIENT])
        assert all(wait < WITHIN / 2 for wait in waits[IMPATIENT:])
        await translations.close()
        assert not translations.busy


async def test_the_next_provider_reads_what_the_first_refuses(
    http: openai.DefaultAsyncHttpxClient,
) -> None:
    events: list[Event] = []
    async with provider(fault=Fault.DENIED) as first, provider() as second:
        translators = [translator(first, http, "openai"), translator(second, http, "flash")]
        translations = Translations(translators, WORDS, emit=events.append)
        found = await translations.whole(SPANISH, "es", "en")
        assert found is not None
        assert (found.text, found.provider) == (ENGLISH, "flash")
        assert [event.fault for event in events if isinstance(event, Switched)] == ["denied"]
        await translations.close()


@pytest.mark.parametrize("ahead", [False, True])
async def test_who_could_not_read_is_a_mark_on_the_turn_of_the_call_that_asked(
    ahead: bool,
) -> None:
    """Also where the turn is read while it is still being said."""
    events: list[Event] = []
    readers = [Reader("openai", "denied"), Reader("flash")]
    translations = Translations(readers, WORDS, emit=events.append)
    marks = Marks()
    asks("CA1", marks.mark)
    if ahead:
        translations.warm(SPANISH, "es", "en")
    assert await translations.whole(SPANISH, "es", "en") is not None
    assert marks.made == [Switched("CA1", "translator", "openai", "denied")]
    assert [event for event in events if isinstance(event, Switched)] == marks.made
    await translations.close()


@pytest.mark.own_clock
async def test_a_redis_that_says_nothing_holds_up_a_reading_for_its_budget_and_no_longer() -> None:
    events: list[Event] = []
    redis, clock = Stalled(), asyncio.get_running_loop().time
    shared = Readings(redis, key=b"ours")
    translations = Translations([Reader("flash")], WORDS, emit=events.append, shared=shared)
    began = clock()
    assert await translations.whole(SPANISH, "es", "en") is not None
    assert clock() - began == pytest.approx(BUDGET)
    assert [event for event in events if isinstance(event, Switched)] == [
        Switched("", "readings", "redis", "late")
    ]
    await translations.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.own_clock
async def test_nobody_waits_until_a_reading_is_shared() -> None:
    redis, clock = Stalled(reads=True), asyncio.get_running_loop().time
    shared = Readings(redis, key=b"ours")
    translations = Translations([Reader("flash")], WORDS, emit=nowhere, shared=shared)
    began = clock()
    assert await translations.whole(SPANISH, "es", "en") is not None
    assert clock() == began
    redis.answers.set()
    await until(lambda: bool(redis.written))
    await translations.close()


async def test_the_next_provider_is_asked_beside_one_that_is_slow(
    http: openai.DefaultAsyncHttpxClient,
) -> None:
    async with provider(latency=1.0) as first, provider() as second:
        translators = [translator(first, http, "openai"), translator(second, http, "flash")]
        translations = Translations(translators, WORDS, emit=nowhere)
        found = await translations.read(SPANISH, "es", "en")
        assert found is not None
        assert found.provider == "flash"
        await translations.close()


async def test_what_was_used_and_what_is_left_is_told_of_the_call_that_asked(
    http: openai.DefaultAsyncHttpxClient,
) -> None:
    events: list[Event] = []
    async with provider() as simulated:
        translations = Translations([translator(simulated, http)], WORDS, emit=events.append)
        await translations.read(SPANISH, "es", "en", call="CA1")
        (used,) = [event for event in events if isinstance(event, Used)]
        assert (used.call, used.service, used.model) == ("CA1", "translator", "gpt-4.1-mini")
        assert used.read > 0
        assert used.written > 0
        left = {event.what: event.left for event in events if isinstance(event, Quota)}
        assert left == {"requests": LIMIT - 1, "tokens": TOKENS}
        await translations.close()


async def test_at_the_budget_the_cheaper_provider_reads(
    http: openai.DefaultAsyncHttpxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.translation.HEDGE", 10.0)
    spending = Spending(0.000_001)
    async with provider() as dear, provider() as cheap:
        translators = [
            ModelTranslator("dear", "key", dear.api, "gpt-4.1", http=http),
            ModelTranslator("cheap", "key", cheap.api, "gpt-4.1-nano", http=http),
        ]
        translations = Translations(
            translators, WORDS, emit=spending.record, order=spending.thrifty
        )
        names = []
        for text in (SPANISH, "¿está cubierto el granizo?"):
            found = await translations.whole(text, "es", "en")
            names.append(found.provider if found else "")
        assert names == ["dear", "cheap"]
        await translations.close()


async def test_a_provider_that_fails_is_asked_again_in_the_background(
    http: openai.DefaultAsyncHttpxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.translation._BACKOFF", 0.01)
    async with provider(fault=Fault.BROKEN) as simulated:
        translations = Translations([translator(simulated, http)], WORDS, attempts=2, emit=nowhere)
        assert await translations.whole(SPANISH, "es", "en") is None
        assert simulated.seen.requests == 3
        await translations.close()


async def test_no_more_is_kept_than_is_set(http: openai.DefaultAsyncHttpxClient) -> None:
    async with provider() as simulated:
        translations = Translations([translator(simulated, http)], WORDS, size=1, emit=nowhere)
        for text in (SPANISH, "¿está cubierto el granizo?", SPANISH):
            assert await translations.whole(text, "es", "en") is not None
        assert len(simulated.requests) == 3
        none = Translations([translator(simulated, http)], WORDS, size=0, emit=nowhere)
        for _ in range(2):
            assert await none.whole(SPANISH, "es", "en") is not None
        assert len(simulated.requests) == 5
        await translations.close()


@pytest.mark.parametrize("text", ["", " ", "¿?"])
async def test_where_nothing_is_said_nothing_is_read(
    http: openai.DefaultAsyncHttpxClient, text: str
) -> None:
    async with provider() as simulated:
        translations = Translations([translator(simulated, http)], WORDS, emit=nowhere)
        assert await translations.read(text, "es", "en") is None
        assert await translations.read(SPANISH, "en", "en") is None
        assert not simulated.requests


async def test_without_a_translator_nobody_waits() -> None:
    translations = Translations([], WORDS, emit=nowhere)
    assert translations.names == ()
    assert await translations.read(SPANISH, "es", "en") is None
    translations.warm(SPANISH, "es", "en")
    await translations.close()
