"""A house: the service with providers and content of its own, for callers with questions.

Its recogniser makes of a recording whatever sentence the house has for it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import orjson

from agent import embeddings
from agent.reception import Service, serving
from agent.settings import Settings, load
from agent.simulators.acting import Acts, Messages
from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.office import Filing, Office
from agent.simulators.openai import OpenAI, Writing, table
from agent.simulators.pinecone import Pinecone
from agent.simulators.rest import TwilioRest
from agent.simulators.server import Behaviour, Fault
from agent.simulators.twilio import (
    Account,
    Caller,
    CallReport,
    Clip,
    Colleague,
    Conditions,
    OutgoingReport,
    Twilio,
)
from knowledge.embedding.vectors import Vectors, phrasings
from knowledge.events import Decided, Event
from knowledge.ingest import ingest
from knowledge.pinecone import Account as Space
from knowledge.pinecone.sync import sync
from processors.model.openai import connections
from tests import recordings
from tests.calls.witness import Witness
from tests.knowledge.examples import TODAY
from tests.processors.model.sensible import honest

E = TypeVar("E", bound=Event)
NOTHING: Mapping[str, str] = {}
Troubles = Callable[[Messages], Fault]

TOKEN = "0123456789abcdef0123456789abcdef"
KEYS = {"admin": "open-sesame-0123456789abcdef", "viewer": "just-looking-0123456789abcdef"}
CLAIMS = "+15550100300"
SWIFT = 0.02
"""Seconds until a provider on this machine answers."""
PATIENCE = 25.0
"""Seconds for what a busy machine does in one."""

OPENED = "It was opened in the year eighteen eighty three."
DAUGHTER = "Yes, your daughter can be added today."
ALONE = "We have contracts for one person."
EUROPE = "It holds in all of Europe."
THREE_DAYS = "A payment takes three days."
PUENTE = "El puente se abrió hace más de un siglo."
SOON = "Soon."
SHE_TOO = "She can be added too."
PARIS = "That is nothing I can help with."
EMERGENCY = (
    "If anybody is in danger, hang up now and call the emergency services. They are there at every "
    "hour of the day, and they come to you."
)
CONTENT = {
    "bridge": f"""---
id: brooklyn-bridge
department: general
en:
  question: How old is the Brooklyn Bridge?
  phrasings: [how old is the bridge, what age is the Brooklyn Bridge]
  answer: {OPENED}
es:
  question: ¿Cuándo abrió el puente?
  phrasings: [cuándo se abrió el puente]
  answer: {PUENTE}
---
""",
    "daughter": f"""---
id: daughter
department: contracts
en:
  question: Can I add my daughter to my contract?
  phrasings: [how do I add my daughter, a contract for my daughter too]
  answer: {DAUGHTER}
---
""",
    "wife": f"""---
id: wife
department: contracts
en:
  question: Do you write a contract for my wife alone?
  phrasings: [a contract for my wife, what do you have for my wife]
  answer: {ALONE}
---
""",
    "abroad": f"""---
id: abroad
department: contracts
en:
  question: Does my contract hold in France?
  phrasings: [am I covered in France, what about a journey to France]
  answer: {EUROPE}
---
""",
    "payment": f"""---
id: payment
department: claims
en:
  question: How long does a payment take?
  phrasings: [when is a payment made, how many days until a payment]
  answer: {THREE_DAYS}
---
""",
}
AGENT = f"""
greeting: {{en: Hello.}}
phrases:
  en:
    other_language: I only speak English and Spanish.
    ask_back: Please say that another way.
    person: Let me see.
    reached: Somebody is there.
    busy: All are busy.
    call_back_offer: Shall we call back?
    emergency: {EMERGENCY}
    colleague: A caller for you.
    goodbye: Goodbye.
    recorded: This is recorded.
    may_record: May we record this?
    recording_ok: We record it.
    not_recorded: We do not record it.
    recording_deleted: The recording is gone.
    survey: How was it, from one to five?
    survey_thanks: Thank you.
    collect_right: Is that right?
    collect_slip: Which part is wrong?
    collect_letters: Which letters?
    collect_again: Once more.
  es:
    other_language: Solo hablo español e inglés.
    also: Hablo español.
    recorded: Esto se graba.
    goodbye: Adiós.
    survey: ¿Qué tal, del uno al cinco?
    survey_thanks: Gracias.
"""


@dataclass(frozen=True, slots=True)
class Said:
    recording: str
    text: str
    """What the recogniser of the house makes of it."""
    language: str = "en"

    @property
    def clip(self) -> Clip:
        return recordings.clip(self.recording, self.text, self.language)


@dataclass(slots=True)
class Played:
    """A finished call with all that was noticed of it."""

    report: CallReport
    outgoing: list[OutgoingReport]
    witness: Witness
    more: dict[str, Any]

    def events(self, kind: type[E]) -> list[E]:
        return self.witness.events(self.report.call_sid, kind)

    @property
    def routes(self) -> list[str]:
        return [decided.route for decided in self.events(Decided)]

    @property
    def spoken(self) -> list[str]:
        return [text for text in self.witness.spoken(self.report.call_sid) if text]


@dataclass(slots=True)
class House:
    service: Service
    witness: Witness
    twilio: Twilio
    openai: OpenAI
    voice: ElevenLabs
    pinecone: Pinecone
    office: Office
    data: Path
    """DATA_DIR."""
    session: aiohttp.ClientSession
    ear: Path | None = None
    """Where Twilio's own recordings of the calls go."""
    more: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By scene: what was measured in it."""

    @property
    def knowledge(self) -> Path:
        return self.data / "knowledge"

    async def play(self, scene: str, act: "Act") -> Played:
        number = f"+1555030{100 + len(self.more)}"
        more = self.more[scene] = {"data": self.data}
        self.twilio.colleagues.append(COLLEAGUES.get(scene, Colleague)(CLAIMS, number))

        async def script(caller: Caller) -> None:
            await caller.listen()
            more["began"] = asyncio.get_running_loop().time()
            await act(self, caller, more)

        url = f"{self.service.url}/twilio/voice"
        conditions = Conditions(called=number, recording_dir=self.ear)
        report = await self.twilio.call(url, script, conditions)
        outgoing = [one for one in self.twilio.outgoing if one.caller_id == number]
        return Played(report, outgoing, self.witness, more)

    async def asks(self, caller: Caller, said: Said, answer: str) -> None:
        """And hears the answer to its end."""
        before = self._heard(caller, answer)
        await caller.say(said.clip)
        await self.hears(caller, answer, times=before + 1)

    async def hears(self, caller: Caller, *sentences: str, times: int = 1) -> None:
        """One of them, to its end."""

        def heard(_now: float) -> bool:
            return any(self._heard(caller, sentence) >= times for sentence in sentences)

        await caller.until(heard, PATIENCE, f"to hear {sentences}")

    def _heard(self, caller: Caller, sentence: str) -> int:
        return sum(sentence in said for said in self.witness.spoken(caller.call_sid))

    async def get(self, path: str) -> dict[str, Any] | None:
        """None while it is not there."""
        headers = {"Authorization": f"Bearer {KEYS['viewer']}"}
        async with self.session.get(f"{self.service.url}{path}", headers=headers) as response:
            body: dict[str, Any] = orjson.loads(await response.read())
            return body if response.status == 200 else None

    async def post(self, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {KEYS['admin']}"}
        url = f"{self.service.url}{path}"
        async with self.session.post(url, json=body, headers=headers) as response:
            return response.status, orjson.loads(await response.read())

    async def journalled(
        self, ticket: str, done: Callable[[dict[str, Any]], object] = bool
    ) -> dict[str, Any]:
        """The decision as the journal has it, as soon as `done` with it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                row = await self.get(f"/api/routing/{ticket}")
                if row is not None and done(row):
                    return row
                await asyncio.sleep(0.5)


Act = Callable[[House, Caller, dict[str, Any]], Awaitable[None]]
COLLEAGUES: dict[str, Callable[[str, str], Colleague]] = {
    "busy": lambda number, called: Colleague(number, called, does="busy"),
}
"""Everybody else answers."""


@asynccontextmanager
async def open_house(
    folder: Path,
    said: list[Said],
    *,
    ahead: bool = False,
    acts: Acts | None = None,
    answers: Mapping[str, str] = NOTHING,
    troubles: Troubles | None = None,
    **variables: str,
) -> AsyncIterator[House]:
    """`ahead`: what is likely to be said is spoken before. `acts`: of a model that has a back
    office's tools. `answers` of one that has none, by a word that it is told; `troubles` that it
    has with some of it. `variables` of the environment; one that is empty is not set at all."""
    knowledge = folder / "knowledge"
    knowledge.mkdir(parents=True)
    for name, entry in CONTENT.items():
        (knowledge / f"{name}.md").write_text(entry)
    (knowledge / "agent.yaml").write_text(AGENT)
    if not ahead:
        (folder / "speech").touch()
    heard = [Recording(one.text, one.language, one.clip.pcm, one.recording) for one in said]
    witness, account = Witness(), Account(token=TOKEN)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        deepgram = await enter(Deepgram(heard))
        told = table({**answers, "wife": SHE_TOO, "France": PARIS, "long": SOON})
        writing = Writing(latency=SWIFT, pace=0.0)
        openai = await enter(
            OpenAI(honest if acts else told, acts=acts, troubles=troubles, behaviour=writing)
        )
        office = await enter(Office(behaviour=Filing(latency=SWIFT)))
        voice = await enter(ElevenLabs(behaviour=Speaking(latency=0.0, pace=0.0)))
        pinecone = await enter(Pinecone(behaviour=Behaviour(latency=SWIFT)))
        rest = await enter(TwilioRest(account))
        usual = {
            **_usual(folder),
            "DEEPGRAM_BASE_URL": deepgram.url,
            "OPENAI_BASE_URL": openai.api,
            "ELEVENLABS_BASE_URL": voice.url,
            "BACK_OFFICE_URL": office.url if acts else "",
            "BACK_OFFICE_KEY": "bo" if acts else "",
            "PINECONE_CONTROLLER_HOST": pinecone.url,
            "TWILIO_ACCOUNT_SID": account.sid,
            "TWILIO_API_BASE_URL": rest.url,
            **variables,
        }
        settings = load({name: value for name, value in usual.items() if value}, None)
        if settings.pinecone_api_key is not None:
            await filled(settings, pinecone)
        service = await enter(serving(settings, stages=witness.stages, also=witness.emit))
        twilio = await enter(Twilio(account, rest=rest))
        session = await enter(aiohttp.ClientSession())
        house = House(service, witness, twilio, openai, voice, pinecone, office, folder, session)
        house.ear = folder / "ear" if settings.recording != "off" else None
        if settings.pinecone_api_key is not None:
            for _ in range(2):  # the first finds the index, the second has its connections
                await house.post("/api/ask", text="When did they build this Brooklyn Bridge?")
        yield house


def _usual(folder: Path) -> dict[str, str]:
    return {
        "LANGUAGES": "en",
        "DATA_DIR": str(folder),
        "EMBEDDING": "none",
        "KNOWLEDGE_DIR": str(folder / "knowledge"),
        "IDLE_PROMPT": "60",
        "DEPARTMENTS": f"claims={CLAIMS}",
        "ADMIN_API_KEYS": ",".join(f"{role}:{key}" for role, key in KEYS.items()),
        "DEEPGRAM_API_KEY": "dg",
        "OPENAI_API_KEY": "sk",
        "ELEVENLABS_API_KEY": "el",
        "TWILIO_AUTH_TOKEN": TOKEN,
    }


async def filled(settings: Settings, pinecone: Pinecone) -> None:
    """What `kb sync --create` does."""
    assert settings.knowledge_dir is not None
    entries = ingest(settings.knowledge_dir, TODAY).entries
    async with connections() as http:
        embedding = embeddings.remote(settings, http, deadline=PATIENCE)
        vectors = await Vectors.of(phrasings(entries), embedding)
    assert settings.pinecone_api_key is not None
    key = settings.pinecone_api_key.get_secret_value()
    await sync(Space(key, settings.pinecone_index, controller=pinecone.url), vectors, create=True)
