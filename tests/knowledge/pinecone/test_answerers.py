"""Vectors at Pinecone and in the process: asked, and doing without one of them."""

import asyncio
import time
from dataclasses import replace

import openai
import pytest

from agent.simulators.pinecone import Pinecone as Provider
from agent.simulators.server import Fault as Failing
from knowledge.answers import Question
from knowledge.chain import Breaker, Fault, one
from knowledge.embedding.local import LocalEmbedding
from knowledge.embedding.vectors import Vectors, compared
from knowledge.index import Index
from knowledge.outside import LANGUAGES, unseen
from knowledge.pinecone import Account, Embedded, Pinecone, Space
from knowledge.pinecone.account import root
from knowledge.pinecone.sync import Synced, sync
from knowledge.routing import Thresholds
from tests.eventually import until
from tests.knowledge.examples import content
from tests.knowledge.letters import Letters
from tests.knowledge.pinecone.stage import KEY, TEXTS, Deciding, ask, of

SPOKEN = Thresholds().answer


class TestAsking:
    async def test_what_is_near_decides(self, pinecone: Pinecone) -> None:
        answer = await pinecone.answer(ask("I report an accident"))
        assert answer is not None
        assert answer.text == "claim#en#1"
        assert answer.confidence > 0.9

    async def test_both_answer_alike(self, pinecone: Pinecone, vectors: Vectors) -> None:
        embedded = Embedded(Deciding(), vectors, Letters())
        for text in ("open when", "hora", "claims of an accident", "zebra"):
            there, here = await pinecone.answer(ask(text)), await embedded.answer(ask(text))
            assert there is not None
            assert here is not None
            assert there.text == here.text
            assert there.confidence == pytest.approx(here.confidence, abs=1e-5)

    @pytest.mark.parametrize("text", ["how do I file a claim", "and the other one?", "", "  "])
    async def test_sure_leaning_and_empty_ones_ask_nobody(
        self, provider: Provider, space: Space, vectors: Vectors, synced: Synced, text: str
    ) -> None:
        provider.asked.clear()
        letters = Letters()
        answer = await Pinecone(Deciding(), vectors, letters, space).answer(ask(text))
        assert answer is not None
        assert not letters.asked
        assert not provider.asked

    async def test_the_host_is_looked_up_once(self, provider: Provider, pinecone: Pinecone) -> None:
        provider.asked.clear()
        await pinecone.answer(ask("open when"))
        await pinecone.answer(ask("open today"))
        assert provider.asked == [
            "GET /indexes/phrasings",
            "POST /index/phrasings/query",
            "POST /index/phrasings/query",
        ]
        assert provider.versions[-1] == "2026-07"

    async def test_a_check_finds_the_index(
        self, provider: Provider, space: Space, synced: Synced
    ) -> None:
        provider.asked.clear()
        await space.check()
        assert provider.asked[-1] == "POST /index/phrasings/describe_index_stats"

    async def test_vectors_of_an_older_text_count_for_nothing(
        self, account: Account, space: Space, synced: Synced
    ) -> None:
        newer = await of({**TEXTS, "claim#en#1": "report a loss"})
        pinecone = Pinecone(Deciding(), newer, Letters(), space)
        answer = await pinecone.answer(ask("report an accident"))
        assert answer is not None
        assert answer.text != "claim#en#1"

    async def test_vectors_of_another_embedding_are_none(
        self, account: Account, space: Space, synced: Synced
    ) -> None:
        other = Letters("other/26")
        pinecone = Pinecone(Deciding(), await of(TEXTS, other), other, space)
        with pytest.raises(Fault, match="empty"):
            await pinecone.answer(ask("open when"))

    async def test_without_an_embedding_words_decide(self, vectors: Vectors) -> None:
        for embedded in (Embedded(Deciding()), Embedded(Deciding(), vectors, None)):
            answer = await embedded.answer(ask("open when"))
            assert answer is not None
            assert answer.text == "a guess"


class TestFailing:
    @pytest.mark.parametrize(
        ("failing", "kind"),
        [
            (Failing.DENIED, "denied"),
            (Failing.LIMITED, "limited"),
            (Failing.BROKEN, "broken"),
            (Failing.GARBAGE, "broken"),
            (Failing.EMPTY, "empty"),
            (Failing.DROP, "cut"),
            (Failing.REFUSE, "refused"),
        ],
    )
    async def test_one_request_fails_in_the_words_of_the_policy(
        self, provider: Provider, pinecone: Pinecone, failing: Failing, kind: str
    ) -> None:
        await pinecone.answer(ask("open when"))
        await provider.behave(fault=failing, retry_after=9.0)
        before = len(provider.asked)
        with pytest.raises(Fault) as raised:
            await pinecone.answer(ask("open today"))
        fault = raised.value
        assert fault.kind in ({kind, "cut"} if kind == "refused" else {kind})
        assert fault.permanent == (kind == "denied")
        assert fault.retry_after == (9.0 if kind == "limited" else 0.0)
        assert len(provider.asked) <= before + 1
        assert KEY not in str(fault)

    async def test_silence_ends_with_the_deadline(
        self, provider: Provider, account: Account, http: openai.DefaultAsyncHttpxClient
    ) -> None:
        await sync(account, await of(TEXTS), create=True)
        await provider.behave(fault=Failing.HANG)
        hasty = Space(account, http=http, deadline=0.05)
        with pytest.raises(Fault, match="late"):
            await hasty.check()

    async def test_an_index_that_is_gone_may_come_back(
        self, provider: Provider, pinecone: Pinecone
    ) -> None:
        del provider.indexes["phrasings"]
        with pytest.raises(Fault, match="404") as raised:
            await pinecone.answer(ask("open when"))
        assert not raised.value.permanent

    async def test_while_it_is_away_the_embedded_one_serves_at_once(
        self, provider: Provider, pinecone: Pinecone, vectors: Vectors
    ) -> None:
        embedded = Embedded(Deciding(), vectors, Letters())
        both: list[Pinecone | Embedded] = [pinecone, embedded]
        await pinecone.answer(ask("open when"))
        await provider.behave(fault=Failing.HANG)
        for number in range(4):
            began = time.monotonic()
            answer = await one(both, lambda each: each.answer(ask("open today")), within=0.15)
            assert time.monotonic() - began < 1.0
            assert pinecone.breaker.open == (number > 0)
            assert answer is not None
            assert answer.entry == "hours"
        assert provider.asked[1:].count("POST /index/phrasings/query") == 3  # twice in vain

    async def test_an_answer_that_came_too_late_leaves_its_connection(
        self, provider: Provider, pinecone: Pinecone
    ) -> None:
        await provider.behave(latency=0.3)
        with pytest.raises(Fault, match="exhausted"):
            await one([pinecone], lambda each: each.answer(ask("open today")), within=0.02)
        await until(lambda: provider.seen.requests > 0 and provider.seen.open == 0)
        assert provider.seen.cancelled == 0

    async def test_it_is_closed_with_requests_under_way(
        self, provider: Provider, pinecone: Pinecone, space: Space
    ) -> None:
        await provider.behave(fault=Failing.HANG)
        task = asyncio.create_task(pinecone.answer(ask("open when")))
        await until(lambda: provider.seen.open == 1)
        await space.aclose()
        await asyncio.wait({task})
        assert task.cancelled()
        await until(lambda: provider.seen.open == 0)

    async def test_what_this_content_speaks_of_is_not_taken_for_what_nobody_answers(
        self, account: Account, space: Space
    ) -> None:
        strange = {"#en#0": "report an accident now", "#en#1": "sing a song"}
        vectors = await of({**TEXTS, **strange})
        await sync(account, vectors, create=True)
        for answerer in (
            Pinecone(Deciding(), vectors, Letters(), space),
            Embedded(Deciding(), vectors, Letters()),
        ):
            accident = await answerer.answer(ask("report an accident now"))
            song = await answerer.answer(ask("sing a song"))
            assert (accident and accident.text, song and song.text) == ("claim#en#1", "#en#1")

    def test_editions_share_a_breaker(self, vectors: Vectors, space: Space) -> None:
        breaker = Breaker()
        first = Pinecone(Deciding(), vectors, Letters(), space, breaker=breaker)
        second = Pinecone(Deciding(), vectors, Letters(), space, breaker=breaker)
        first.breaker.failed(Fault("denied", permanent=True), 0.0)
        assert not second.breaker.admits(1.0)


def test_plain_http_is_for_this_machine_only() -> None:
    assert root("index-1.svc.pinecone.io/") == "https://index-1.svc.pinecone.io"
    assert root("http://127.0.0.1:5081/index/a") == "http://127.0.0.1:5081/index/a"
    assert root("http://localhost:5081") == "http://localhost:5081"
    with pytest.raises(Fault, match="without TLS"):
        root("http://index-1.svc.pinecone.io")


def test_a_key_is_not_shown() -> None:
    assert KEY not in repr(Account(KEY))


async def test_over_the_shipped_content_both_give_the_same_answers(
    account: Account, space: Space, embedding: LocalEmbedding
) -> None:
    whole = content()[::6]
    entries = [
        replace(one, wordings={of: replace(it, callers=()) for of, it in one.wordings.items()})
        for one in whole
    ]
    vectors = await Vectors.of(compared(entries), embedding)
    await sync(account, vectors, create=True)
    index = Index.build(entries)
    pinecone = Pinecone(index, vectors, embedding, space, sure=2.0)  # vectors are asked each time
    embedded = Embedded(index, vectors, embedding, sure=2.0)
    right = same = total = 0
    answered = [0, 0]
    for entry in whole:
        for language, wording in entry.wordings.items():
            question = Question(wording.callers[0], language)
            there, here = await pinecone.answer(question), await embedded.answer(question)
            assert there is not None
            assert here is not None
            total += 1
            right += here.entry == entry.id
            same += there.entry == here.entry
            answered[0] += there.confidence >= SPOKEN
            answered[1] += here.confidence >= SPOKEN
    strange = [Question(text, of) for of in LANGUAGES for text in unseen(of)[::5]]
    for question in strange:
        there, here = await pinecone.answer(question), await embedded.answer(question)
        assert (there and there.entry) == (here and here.entry), question.text
        answered[0] += there is not None and there.confidence >= SPOKEN
        answered[1] += here is not None and here.confidence >= SPOKEN
    assert same >= 0.98 * total
    assert abs(answered[0] - answered[1]) <= 0.02 * total
    assert answered[1] >= 0.3 * total
    assert right > 0.8 * total
