"""What `kb sync` leaves at Pinecone."""

import pytest
from pinecone.errors import RateLimitError, ServiceError

from agent.simulators.pinecone import Pinecone as Provider
from agent.simulators.vectorspace import VectorSpace
from knowledge.chain import Fault
from knowledge.embedding.vectors import Vectors
from knowledge.pinecone import Account, Pinecone, Space
from knowledge.pinecone.sync import Synced, Unfit, faults, sync
from tests.knowledge.letters import Letters
from tests.knowledge.pinecone.stage import KEY, TEXTS, Deciding, ask, held, of


class TestSync:
    async def test_the_index_is_made_and_holds_the_content(
        self, provider: Provider, account: Account, vectors: Vectors
    ) -> None:
        assert await sync(account, vectors, create=True) == Synced(added=4, removed=0, kept=0)
        made = provider.indexes["phrasings"]
        assert (made.dimension, made.metric) == (768, "cosine")
        assert len(held(provider)) == 4

    async def test_a_second_run_writes_nothing(
        self, provider: Provider, account: Account, vectors: Vectors, synced: Synced
    ) -> None:
        provider.asked.clear()
        assert await sync(account, vectors) == Synced(added=0, removed=0, kept=4)
        assert not [asked for asked in provider.asked if "upsert" in asked or "delete" in asked]

    async def test_what_left_the_content_is_deleted_and_what_changed_replaced(
        self, provider: Provider, account: Account, synced: Synced
    ) -> None:
        changed = {**TEXTS, "claim#en#0": "how do I make a claim"}
        del changed["hours#es#0"]
        assert await sync(account, await of(changed)) == Synced(added=1, removed=2, kept=2)
        assert len(held(provider)) == 3

    async def test_what_is_not_ours_stays(
        self, provider: Provider, account: Account, synced: Synced
    ) -> None:
        theirs = provider.indexes["phrasings"].namespace("")
        theirs.put("ticket-1", [1.0] * 768)
        await sync(account, await of({"a#en#0": "something else"}))
        assert "ticket-1" in held(provider)
        assert len(held(provider)) == 2

    async def test_many_go_in_batches_with_progress(
        self, provider: Provider, account: Account, synced: Synced
    ) -> None:
        told: list[tuple[int, int]] = []
        many = {f"a#en#{number}": f"{chr(97 + number % 26) * number}" for number in range(1, 151)}
        done = await sync(account, await of(many), tell=lambda at, all: told.append((at, all)))
        assert done == Synced(added=150, removed=4, kept=0)
        assert told == [(64, 154), (128, 154), (150, 154), (154, 154)]
        assert (await sync(account, await of(many))).kept == 150

    async def test_namespaces_are_kept_apart(
        self, provider: Provider, account: Account, vectors: Vectors, synced: Synced
    ) -> None:
        other = Account(KEY, "phrasings", "other", controller=provider.url)
        assert (await sync(other, await of({"a#en#0": "something"}))).added == 1
        assert len(held(provider, "other")) == 1
        assert len(held(provider)) == 4

    async def test_no_words_of_the_content_are_sent(
        self, provider: Provider, synced: Synced
    ) -> None:
        assert not provider.indexes["phrasings"].namespace("").metadata
        assert all("accident" not in name for name in held(provider))

    async def test_without_an_index_it_says_how_to_make_one(
        self, account: Account, vectors: Vectors
    ) -> None:
        with pytest.raises(Unfit, match=r"no index 'phrasings'.*--create"):
            await sync(account, vectors)

    @pytest.mark.parametrize("create", [False, True])
    @pytest.mark.parametrize("shape", [(1536, "cosine"), (768, "euclidean")])
    @pytest.mark.parametrize("direct", [False, True])
    async def test_an_index_of_another_kind_is_refused_and_left_alone(
        self,
        provider: Provider,
        vectors: Vectors,
        shape: tuple[int, str],
        *,
        direct: bool,
        create: bool,
    ) -> None:
        dimension, metric = shape
        provider.indexes["phrasings"] = VectorSpace(dimension, metric)
        host = provider.host("phrasings") if direct else ""
        account = Account(KEY, "phrasings", host=host, controller=provider.url)
        with pytest.raises(Unfit, match=f"{dimension} dimensions and the metric {metric}"):
            await sync(account, vectors, create=create)
        assert not held(provider)

    async def test_a_given_host_asks_no_control_plane(
        self, provider: Provider, vectors: Vectors, synced: Synced
    ) -> None:
        provider.asked.clear()
        direct = Account(KEY, host=provider.host("phrasings"), controller="https://nowhere.invalid")
        assert (await sync(direct, vectors)).kept == 4
        assert not [asked for asked in provider.asked if " /indexes" in asked]

    async def test_a_wrong_key_is_denied(self, provider: Provider, vectors: Vectors) -> None:
        wrong = Account("pcsk_wrong", "phrasings", controller=provider.url)
        with pytest.raises(Fault) as raised:
            await sync(wrong, vectors, create=True)
        assert (raised.value.kind, raised.value.permanent) == ("denied", True)

    def test_the_vendors_errors_are_said_in_our_words(self) -> None:
        limited = RateLimitError("slow down", status_code=429, headers={"retry-after": "7"})
        for error, kind, wait in (
            (limited, "limited", 7.0),
            (ServiceError("ouch", status_code=503), "broken", 0.0),
        ):
            with pytest.raises(Fault) as raised, faults():
                raise error
            assert (raised.value.kind, raised.value.retry_after) == (kind, wait)

    async def test_an_id_may_hold_any_letters(
        self, provider: Provider, account: Account, space: Space
    ) -> None:
        vectors = await of({"año nuevo/#1#es#0": "feliz"})
        await sync(account, vectors, create=True)
        pinecone = Pinecone(Deciding(), vectors, Letters(), space)
        answer = await pinecone.answer(ask("feliz"))
        assert answer is not None
        assert answer.text == "año nuevo/#1#es#0"
