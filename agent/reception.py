"""One process that answers calls: everything it has once, furnished before the first call."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import urlsplit

from loguru import logger

from agent import doctor
from agent.books import Books, address, open_books
from agent.call import Stages
from agent.checkup import checks
from agent.erasers import PATIENCE, places
from agent.erasing import Erasing
from agent.fleet.endings import Endings
from agent.fleet.station import Wires, station, wires
from agent.housekeeping import Kept, keeping_house
from agent.inquiry import inquire
from agent.learning import Learning
from agent.line.signature import Signature
from agent.line.token import OwnStore, RedisStore, Tokens
from agent.pepper import pepper
from agent.pipeline import stages as own_stages
from agent.providers import Providers, open_providers, thresholds
from agent.recording import studio
from agent.rekeying import Rekeying
from agent.settings import Settings, is_loopback, load
from agent.switchboard import Switchboard
from agent.watch import lines
from agent.watch.lag import Collector, LoopLag
from agent.watch.metrics import Metrics
from agent.web.app import create_app
from agent.web.desk import Desk
from agent.web.doors import Doors
from agent.web.house import House
from agent.web.keys import Gate, Keys
from agent.web.limit import Limits
from agent.web.server import listen, running
from agent.web.strangers import Strangers
from knowledge import callers
from knowledge.chain import Fault
from knowledge.events import Emit, everybody, nowhere
from knowledge.lessons import Lessons
from knowledge.store import sharing
from knowledge.thresholds import Promise

RECALL = 1.0
"""Seconds that a start waits for what was learned."""
CALM = 0.02
"""Seconds of event-loop lag below which there is time for other things than calls."""
ROOM = 0.25
"""Share of MAX_CALLS beside which a cloud's voice may speak ahead."""


@asynccontextmanager
async def furnish(
    settings: Settings,
    *,
    stages: Stages = own_stages,
    key: str = "",
    also: Emit = nowhere,
) -> AsyncIterator[House]:
    """Loads what calls need. `key` signs requests where TWILIO_AUTH_TOKEN is not set.

    `also` hears each event too. Raises NothingToUse, PersonaError, and SettingsError where
    recordings cannot be written.
    """
    metrics = Metrics()
    watchers = everybody(metrics.record, lines.write, also)
    async with AsyncExitStack() as stack:
        books = open_books(settings, watchers)
        await books.start()
        stack.push_async_callback(books.close)
        name = await asyncio.to_thread(pepper, settings)
        wired = await stack.enter_async_context(wires(settings, name, watchers))
        recordings = await stack.enter_async_context(studio.opened(settings, watchers))
        emit = everybody(watchers, books.journal.record, wired.feed.record, recordings.note)
        learning = await stack.enter_async_context(_learning(settings, books, emit))
        providers = await _providers(settings, emit, learning, wired)
        stack.push_async_callback(providers.close)
        providers.studio = recordings
        switchboard = Switchboard(providers, stages)
        doors, lag = await _watched(stack, metrics, providers)
        fleet = await stack.enter_async_context(
            station(settings, wired, switchboard, lambda: doors.refusing or lag.strained())
        )
        rekeying = _rekeying(settings, key, providers, wired.limits)
        erase = await stack.enter_async_context(_erasing(providers, books, name, watchers))
        yield House(
            public=settings.public,
            signature=rekeying.signature,
            tokens=rekeying.tokens,
            answer=fleet.answer,
            ended=switchboard.ended,
            over=switchboard.over,
            doors=doors,
            operator=switchboard.operator,
            emit=emit,
            recognise=lambda number: callers.name(number, name),
            erase=erase,
            exposition=metrics.exposition,
            examine=lambda: doctor.examine(checks(providers)),
            gate=rekeying.gate,
            reread=rekeying.reread,
            front=fleet.front,
            strangers=Strangers(trusted=settings.trusted_proxies),
            move=switchboard.move_all,
            control=fleet.control,
            ask=inquire(providers),
            desk=_desk(providers, books, learning, watchers),
            version=version("answerline"),
        )
        switchboard.end_all("stopped")
        await switchboard.drained()


async def _providers(settings: Settings, emit: Emit, learning: Learning, wired: Wires) -> Providers:
    """Over the connections to Redis that the worker has already."""
    redis = sharing(wired.redis) if wired.redis else None
    providers = await open_providers(settings, emit, policy=lambda: learning.policy, redis=redis)
    providers.endings = Endings(wired.redis)
    return providers


async def _watched(
    stack: AsyncExitStack, metrics: Metrics, providers: Providers
) -> tuple[Doors, LoopLag]:
    """The event loop and the garbage collector, until the stack is closed."""
    collector = Collector(metrics.gc_pause)
    lag = await stack.enter_async_context(LoopLag(metrics.lag))
    doors = Doors(lag.recent, collector.call_left)
    providers.calm = _calm(providers, lag, doors)
    metrics.count_calls(lambda: doors.calls)
    collector.start()
    stack.callback(collector.stop)
    return doors, lag


@dataclass(frozen=True, slots=True)
class Service:
    url: str
    key: str
    """Signs requests as the account's auth token does."""


@asynccontextmanager
async def serving(
    settings: Settings, *, stages: Stages = own_stages, also: Emit = nowhere
) -> AsyncIterator[Service]:
    """The service inside this process, on a free port of loopback: for demo, talk and tests."""
    listener = listen("127.0.0.1", 0)
    settings = settings.model_copy(update={"port": listener.getsockname()[1], "host": "127.0.0.1"})
    tokens = settings.twilio_auth_tokens
    key = tokens[0] if tokens else secrets.token_hex(16)
    async with (
        furnish(settings, stages=stages, key=key, also=also) as house,
        running(create_app(house), house.doors, listener),
    ):
        yield Service(settings.public, key)


def _calm(providers: Providers, lag: LoopLag, doors: Doors) -> Callable[[], bool]:
    """A cloud's voice costs this machine little; the embedded one has both cores to itself."""
    few = 0 if providers.voice_clients[0] is providers.local_voice else ROOM

    def calm() -> bool:
        return doors.calls <= few * providers.settings.max_calls and lag.recent() < CALM

    return calm


def _rekeying(settings: Settings, key: str, providers: Providers, limits: Limits) -> Rekeying:
    """What proves who asks."""
    keys = _secrets(settings, key)
    signature = Signature(keys[0], settings.public)
    tokens = Tokens(keys[0], OwnStore(), _shared(providers), emit=providers.emit)
    signature.renew(keys)
    tokens.renew(keys)
    return Rekeying(signature, tokens, _gate(settings, limits), providers, load)


def _secrets(settings: Settings, key: str) -> tuple[str, ...]:
    if settings.twilio_auth_tokens:
        return settings.twilio_auth_tokens
    if not key:
        logger.warning(
            "TWILIO_AUTH_TOKEN is not set: only this machine can call, with a key made just now"
        )
    return (key or secrets.token_hex(16),)


@asynccontextmanager
async def _learning(settings: Settings, books: Books, emit: Emit) -> AsyncIterator[Learning]:
    """What was learned before holds from the first turn on, if the database tells it soon."""
    shipped = thresholds(settings)
    learning = Learning(
        address(settings),
        books.database,
        shipped=shipped,
        emit=emit,
        promise=Promise(
            precision=settings.routing_promise,
            floor=min(settings.routing_threshold_floor, shipped.answer),
        ),
    )
    with suppress(TimeoutError, Fault):
        async with asyncio.timeout(RECALL):
            await books.database.prepare()
            await learning.tick()
    running = asyncio.create_task(learning.run(), name="learning")
    try:
        yield learning
    finally:
        running.cancel()
        await asyncio.wait({running})


@asynccontextmanager
async def _erasing(
    providers: Providers, books: Books, name: bytes, emit: Emit
) -> AsyncIterator[Erasing]:
    """What is erased anywhere is forgotten here; what is asked of us, everywhere."""
    settings = providers.settings
    kept = Kept(
        providers.memory,
        providers.callers,
        providers.translations,
        providers.erased,
        providers.studio,
    )
    where = address(settings)
    redis = sharing(providers.redis, budget=PATIENCE) if providers.redis else None
    async with keeping_house(settings, books.database, where, kept, emit) as follow:
        everywhere = places(settings, books.database, redis)
        yield Erasing(everywhere, name, emit=emit, told=follow.tick)


def _gate(settings: Settings, limits: Limits) -> Gate:
    keys = settings.admin_api_keys
    public = not is_loopback(urlsplit(settings.public).hostname or "")
    return Gate(Keys.of(keys.get_secret_value() if keys else ""), limits, public=public)


def _desk(providers: Providers, books: Books, learning: Learning, watchers: Emit) -> Desk:
    def departments() -> set[str]:
        content = providers.answering.shelf.current.content
        names = [entry.department for entry in content.entries]
        return {*names, *(piece.department for piece in content.pieces)}

    def named(subject: str) -> list[str]:
        if subject == "model":
            return [client.name for client in providers.model_clients]
        return [name for name in providers.answering.knowers if name]

    return Desk(
        books.ledger,
        Lessons(books.database),
        learning,
        books.journal.settled,
        departments=departments,
        named=named,
        watchers=watchers,
    )


def _shared(providers: Providers) -> RedisStore | None:
    return RedisStore(providers.redis) if providers.redis is not None else None
