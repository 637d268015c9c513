"""Secrets are read again while a process runs: who is asked, probed and let in from then on."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import HTTPException, Request
from pydantic import SecretStr

from agent import services
from agent.line.signature import Signature
from agent.line.token import OwnStore, Tokens
from agent.probes import watched
from agent.providers import Providers, open_providers
from agent.rekeying import Rekeying
from agent.settings import Settings
from agent.simulators.deepgram import Deepgram as Recogniser
from agent.web.keys import READ, Gate, Keys
from agent.web.limit import READING, Limits
from knowledge import breakers, chain
from knowledge.chain import Breaker, Fault
from knowledge.events import Closed, Event, Opened
from knowledge.sealed import Seal
from processors.voice.elevenlabs import ElevenLabs
from tests.eventually import until
from tests.processors.voice.scripted import Scripted

pytestmark = pytest.mark.wire

OLD, NEW = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
ENTRY = """---
id: brooklyn-bridge
department: general
en:
  question: How old is the Brooklyn Bridge?
  phrasings: [when was the Brooklyn Bridge built, what age is the Brooklyn Bridge]
  answer: It was opened in the year eighteen eighty three.
---
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "MENDING", 0.3)
    monkeypatch.setattr(breakers, "LOOK", 0.03)


@dataclass
class Worker:
    """As far as its secrets go: without calls and without the web."""

    providers: Providers
    gate: Gate
    rekeying: Rekeying
    secrets: dict[str, SecretStr | None]
    """As they are written down now."""
    events: list[Event]

    async def reread(self, **secrets: str | None) -> None:
        self.secrets |= {name: key and SecretStr(key) for name, key in secrets.items()}
        await self.rekeying.reread()

    @property
    def told(self) -> list[type[Event]]:
        """Of who is left alone, and who is no more."""
        return [type(event) for event in self.events if isinstance(event, Opened | Closed)]

    @property
    def ears(self) -> Breaker:
        return self.providers.ears_clients[0].breaker

    async def lets_in(self, key: str) -> bool:
        headers = [(b"host", b"example.com"), (b"authorization", f"Bearer {key}".encode())]
        scope = {"type": "http", "headers": headers, "client": ("192.0.2.7", 50000)}
        try:
            await self.gate.guard(READ, READING)(Request(scope))
        except HTTPException:
            return False
        return True


@asynccontextmanager
async def worker(folder: Path, recogniser: str = "http://127.0.0.1:1") -> AsyncIterator[Worker]:
    """`recogniser`: where Deepgram is."""
    (folder / "bridge.md").write_text(ENTRY)
    settings = Settings(
        data_dir=folder / "data",
        knowledge_dir=folder,
        local_models_dir=str(folder),  # no recogniser lies there
        languages=("en",),
        embedding="none",
        twilio_auth_token=SecretStr(OLD),
        deepgram_api_key=SecretStr("dg-old"),
        deepgram_base_url=recogniser,
        openai_api_key=SecretStr("sk-old"),
        admin_api_keys=SecretStr("admin:open-sesame"),
    )
    events: list[Event] = []
    secrets: dict[str, SecretStr | None] = {}
    providers = await open_providers(settings, events.append, speech=False)
    try:
        await services.ears(providers)
        assert providers.breakers is not None
        providers.breakers.follow(list(watched(providers)))
        gate = Gate(Keys.of("admin:open-sesame"), Limits(), public=True)
        rekeying = Rekeying(
            Signature(OLD, "https://example.com"),
            Tokens(OLD, OwnStore()),
            gate,
            providers,
            lambda: settings.model_copy(update=secrets),
        )
        yield Worker(providers, gate, rekeying, secrets, events)
    finally:
        await providers.close()


def refuse(breaker: Breaker) -> None:
    breaker.failed(Fault("denied", permanent=True), time.monotonic())


async def test_a_new_key_is_probed_and_the_old_one_is_not(tmp_path: Path) -> None:
    async with (
        Recogniser(key="dg-new") as provider,
        worker(tmp_path, recogniser=provider.url) as running,
    ):
        await running.reread(deepgram_api_key="dg-new")
        refuse(running.ears)
        assert not running.ears.admits(time.monotonic())
        await until(lambda: running.ears.admits(time.monotonic()))
        assert set(provider.seen.keys) == {"dg-new"}
        await until(lambda: running.told == [Opened, Closed])


async def test_whose_key_was_refused_is_asked_again_with_the_new_one(tmp_path: Path) -> None:
    async with worker(tmp_path) as running:
        refused = running.ears
        refuse(refused)
        await until(lambda: running.told == [Opened])
        await running.reread(deepgram_api_key="dg-new")
        assert running.ears.admits(time.monotonic())
        assert running.told == [Opened, Closed]
        assert not refused.probed


async def test_a_key_that_is_the_same_keeps_its_breaker(tmp_path: Path) -> None:
    async with worker(tmp_path) as running:
        model, translator = running.providers.model_clients[0], running.providers.translations
        before = model.breaker, translator.translators[0]
        model.breaker.failed(Fault("limited", retry_after=60.0), time.monotonic())
        await running.reread(deepgram_api_key="dg-new")
        same = running.providers.model_clients[0]
        assert (same.breaker, translator.translators[0]) == before
        assert not same.breaker.admits(time.monotonic())

        await running.reread(openai_api_key="sk-new")
        assert running.providers.model_clients[0].breaker.admits(time.monotonic())
        assert translator.translators[0] is not before[1]


async def test_what_is_sealed_with_a_new_token_is_opened_by_whoever_has_read_it(
    tmp_path: Path,
) -> None:
    async with worker(tmp_path) as running:
        seal_of_a_call = running.providers.seal
        restarted = Seal([NEW.encode(), OLD.encode()])
        await running.reread(twilio_auth_token=f"{NEW},{OLD}")
        assert seal_of_a_call.open("CA1", restarted.close("CA1", b"who calls")) == b"who calls"
        assert restarted.open("CA1", seal_of_a_call.close("CA1", b"who calls")) == b"who calls"
        assert Seal([OLD.encode()]).open("CA1", seal_of_a_call.close("CA1", b"")) is None


async def test_a_key_that_is_gone_is_good_for_nothing_any_more(tmp_path: Path) -> None:
    async with worker(tmp_path) as running:
        providers, embedded = running.providers, Scripted("embedded")
        cloud = ElevenLabs(providers.session, key="el", voice="v")
        providers.voice_clients += [cloud, embedded]
        assert await running.lets_in("open-sesame")
        await running.reread(elevenlabs_api_key="el")
        await running.reread(elevenlabs_api_key=None, openai_api_key=None, admin_api_keys=None)
        assert providers.voice_clients == [embedded]
        assert [client.name for client in providers.model_clients] == ["local"]
        assert providers.translations.names == ()
        assert not await running.lets_in("open-sesame")


async def test_there_is_always_somebody_who_hears_and_calls_are_proven(tmp_path: Path) -> None:
    async with worker(tmp_path) as running:
        await running.reread(deepgram_api_key=None, twilio_auth_token=None)
        assert [client.name for client in running.providers.ears_clients] == ["deepgram"]
        assert running.providers.settings.twilio_auth_tokens == (OLD,)
        await running.reread(deepgram_api_key="dg-new")
        assert len(running.providers.ears_clients) == 1
        assert running.ears.probed
