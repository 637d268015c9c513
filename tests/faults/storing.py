"""Pinecone, Redis, PostgreSQL and Twilio's REST: no answer waits for them, and nothing is lost."""

import asyncio
import ssl
import time
from pathlib import Path

import aiohttp

from agent.line import rest
from agent.simulators.pinecone import Pinecone as SimulatedPinecone
from agent.simulators.rest import RestCall
from agent.simulators.rest import TwilioRest as SimulatedRest
from agent.simulators.server import Behaviour
from knowledge.breakers import Watched
from knowledge.chain import one
from knowledge.database import Database
from knowledge.events import Acknowledged, Decided
from knowledge.journal import Journal
from knowledge.ledger import Ledger
from knowledge.outbox.segments import Folder, Segments
from knowledge.pinecone import Account, Embedded, Pinecone, Space
from knowledge.pinecone.sync import sync
from knowledge.recollection import Exchange
from knowledge.relay import Relay
from knowledge.sharedmemory import RedisMemory
from knowledge.store import connect
from processors.model.openai import connections
from tests.faults.rig import Asked, Rig, happens
from tests.faults.speaking import port
from tests.faults.wire import Wire, postgres_reply, redis_reply
from tests.knowledge.letters import Letters
from tests.knowledge.pinecone.stage import KEY, TEXTS, Deciding, ask, of
from tests.knowledge.test_journal import EPOCH

DAY = 86400.0
CALL = "CA1"
WRITTEN = 45.0
"""Seconds after its recovery in which a store has got everything."""


class PineconeRig(Rig):
    service = "Pinecone"

    async def open(self) -> None:
        enter = self.stack.enter_async_context
        quick = Behaviour(latency=0.0)
        provider = SimulatedPinecone(keys=frozenset({KEY}), behaviour=quick)
        self.provider = first = await enter(provider)
        vectors = await of(TEXTS)
        await sync(Account(KEY, "phrasings", controller=first.url), vectors, create=True)
        self.wire = await enter(Wire(port(first.url), mid=50))
        http = await enter(connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
        host = f"http://127.0.0.1:{self.wire.port}/index/phrasings"
        self.space = Space(Account(KEY, "phrasings", host=host), http=http)
        self.stack.push_async_callback(self.space.aclose)
        self.there = Pinecone(Deciding(), vectors, Letters(), self.space)
        self.here = Embedded(Deciding(), vectors, Letters())

    def watched(self) -> list[Watched]:
        return [Watched("knowledge", "pinecone", self.there.breaker, self.space.check)]

    def recovered(self) -> bool:
        return not self.there.breaker.open

    async def ask(self) -> Asked:
        by: list[str] = []
        both: list[Pinecone | Embedded] = [self.there, self.here]

        async def asking(answerer: Pinecone | Embedded):  # type: ignore[no-untyped-def]
            found = await answerer.answer(ask("open today"))
            by.append(answerer.name)
            return found

        began = time.monotonic()
        answer = await one(both, asking, within=0.3)
        seconds = time.monotonic() - began
        wrong = answer is None or answer.entry != "hours"
        return Asked(seconds, "not answered" if wrong else "", by == ["pinecone"])


class RedisRig(Rig):
    service = "Redis"
    server = 0
    """Port of a running one, for all rigs."""

    async def open(self) -> None:
        enter = self.stack.enter_async_context
        self.wire = await enter(Wire(self.server, mid=3, reply=redis_reply))
        self.call = f"CA{self.wire.port}"
        client = connect(f"redis://127.0.0.1:{self.wire.port}/0")
        self.stack.push_async_callback(client.aclose)
        self.memory = RedisMemory(client, ttl=DAY, emit=self.events.append)
        await self.memory.start()
        self.stack.push_async_callback(self.memory.close)

    async def ask(self) -> Asked:
        self.asked += 1
        began = time.monotonic()
        self.memory.remember(self.call, Exchange(float(self.asked), "asked", "said", "en"))
        known = await self.memory.recall(self.call)
        seconds = time.monotonic() - began
        problem = "" if known.turns == self.asked else f"{known.turns} turns of {self.asked} known"
        if seconds > 0.3:
            problem = "the call waited"
        return Asked(seconds, problem, preferred=True)

    async def finished(self) -> str:
        """Another worker finds every turn."""
        client = connect(f"redis://127.0.0.1:{self.server}/0", budget=1.0)
        other = RedisMemory(client, ttl=DAY, emit=lambda _: None, budget=1.0)
        end, turns = time.monotonic() + WRITTEN, 0
        while turns != self.asked and time.monotonic() < end:
            await asyncio.sleep(0.05)
            turns = (await other.recall(self.call)).turns
        await client.aclose()
        return "" if turns == self.asked else f"{turns} turns of {self.asked} in Redis"


class PostgresRig(Rig):
    service = "PostgreSQL"
    server, database, folder = 0, "", Path()
    """Of a running one, migrated, for all rigs; and where outboxes lie."""

    async def open(self) -> None:
        self.wire = await self.stack.enter_async_context(
            Wire(self.server, mid=20, reply=postgres_reply)
        )
        self.name = f"T{self.wire.port}"
        outbox = self.folder / self.name
        address = f"postgresql://answerline@127.0.0.1:{self.wire.port}/{self.database}"
        relay = Relay(Database(address), [Folder(outbox)], chance=lambda: 0.0)
        await relay.start()
        self.stack.push_async_callback(relay.close)
        self.journal = Journal([Segments(outbox, "w1")], emit=self.events.append)
        await self.journal.start()
        self.stack.push_async_callback(self.journal.close)

    async def ask(self) -> Asked:
        self.asked += 1
        ticket = f"{self.name}-{self.asked}"
        began = time.monotonic()
        self.journal.record(Decided(CALL, ticket, "knowledge", 0.9, "e", "claims", "en", 0.0004))
        waited = time.monotonic() - began
        kept = await happens(lambda: self._acknowledged == self.asked, 10.0)
        problem = "" if kept else "not acknowledged"
        if waited > 0.05:
            problem = "the call waited"
        return Asked(waited, problem, preferred=True)

    @property
    def _acknowledged(self) -> int:
        return sum(isinstance(event, Acknowledged) for event in self.events)

    async def finished(self) -> str:
        """Every decision is there once."""
        address = f"postgresql://answerline@127.0.0.1:{self.server}/{self.database}"
        database = Database(address, pool=1)
        wanted = sorted(f"{self.name}-{number + 1}" for number in range(self.asked))
        end, found = time.monotonic() + WRITTEN, list[str]()
        try:
            while found != wanted and time.monotonic() < end:
                await asyncio.sleep(0.2)
                rows = await Ledger(database).decisions(EPOCH)
                found = sorted(row.ticket_id for row in rows if row.ticket_id in wanted)
        finally:
            await database.close()
        return "" if found == wanted else f"{len(found)} decisions of {len(wanted)} written"


class RestRig(Rig):
    """No answer waits for Twilio's REST: what matters is that it is known soon. Calls are ended,
    for which there is another way."""

    service = "Twilio REST"
    bound = 4.5
    """One that hangs has all the time there is until it has done so twice: who is slow may still
    do it. From then on nobody waits."""
    within = 4.0
    """Seconds that a hang-up has, and a last word."""

    async def open(self) -> None:
        enter = self.stack.enter_async_context
        self.provider = first = await enter(SimulatedRest())
        self.wire = await enter(Wire(port(first.url), mid=60))
        session = await enter(aiohttp.ClientSession())
        account, address = first.account, f"http://127.0.0.1:{self.wire.port}"
        self.rest = rest.TwilioRest(session, address, account.sid, account.token)
        self.enter = first.enter

    async def ask(self) -> Asked:
        self.asked += 1
        call = RestCall(f"{CALL}{self.asked}")
        self.enter(call)
        began, done, alone = time.monotonic(), True, not self.recovered()
        try:
            async with asyncio.timeout(self.within):
                await self.rest.hang_up(call.sid)
        except (rest.TwilioError, TimeoutError):
            done = False
        seconds = time.monotonic() - began
        carried = call.status == "completed"
        problem = "believed, and not done" if done and not carried else ""
        if alone and seconds > 0.05:
            problem = "waited for one that is left alone"
        return Asked(seconds, problem, done and carried)

    def recovered(self) -> bool:
        breaker = self.rest.breaker
        return not breaker.open or time.monotonic() >= breaker.until
