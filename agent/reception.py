"""One process that answers calls: everything it has once, furnished before the first call."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from loguru import logger

from agent import doctor
from agent.call import Stages
from agent.checkup import checks
from agent.line.signature import Signature
from agent.line.token import OwnStore, RedisStore, Store, Tokens
from agent.pipeline import stages as own_stages
from agent.providers import Providers, open_providers
from agent.settings import Settings
from agent.switchboard import Switchboard
from agent.watch import lines
from agent.watch.lag import Collector, LoopLag
from agent.watch.metrics import Metrics
from agent.web.app import create_app
from agent.web.doors import Doors
from agent.web.house import House
from agent.web.server import listen, running
from knowledge.events import Emit, Event, nowhere


def everybody(*subscribers: Emit) -> Emit:
    """One `Emit` for several."""

    def emit(event: Event) -> None:
        for subscriber in subscribers:
            subscriber(event)

    return emit


@asynccontextmanager
async def furnish(
    settings: Settings,
    *,
    stages: Stages = own_stages,
    key: str = "",
    also: Emit = nowhere,
) -> AsyncIterator[House]:
    """Loads what calls need. `key` signs requests where TWILIO_AUTH_TOKEN is not set.

    `also` hears each event too. Raises NothingToUse, PersonaError.
    """
    metrics = Metrics()
    emit = everybody(metrics.record, lines.write, also)
    async with AsyncExitStack() as stack:
        providers = await open_providers(settings, emit)
        stack.push_async_callback(providers.close)
        switchboard = Switchboard(providers, stages)
        collector = Collector(metrics.gc_pause)
        lag = await stack.enter_async_context(LoopLag(metrics.lag))
        doors = Doors(lag.recent, collector.call_left)
        metrics.count_calls(lambda: doors.calls)
        collector.start()
        stack.callback(collector.stop)
        secret = _secret(settings, key)
        yield House(
            public=settings.public,
            signature=Signature(secret, settings.public),
            tokens=Tokens(secret, _stores(providers)),
            answer=switchboard.answer,
            ended=switchboard.ended,
            over=switchboard.over,
            doors=doors,
            operator=switchboard.operator,
            emit=emit,
            exposition=metrics.exposition,
            examine=lambda: doctor.examine(checks(providers)),
            keys=_keys(settings),
            version=version("answerline"),
        )
        switchboard.end_all("stopped")
        await switchboard.drained()


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
    token = settings.twilio_auth_token
    key = token.get_secret_value() if token else secrets.token_hex(16)
    async with (
        furnish(settings, stages=stages, key=key, also=also) as house,
        running(create_app(house), house.doors, listener),
    ):
        yield Service(settings.public, key)


def _secret(settings: Settings, key: str) -> str:
    if settings.twilio_auth_token is not None:
        return settings.twilio_auth_token.get_secret_value()
    if not key:
        logger.warning(
            "TWILIO_AUTH_TOKEN is not set: only this machine can call, with a key made just now"
        )
    return key or secrets.token_hex(16)


def _keys(settings: Settings) -> frozenset[str]:
    """Of ADMIN_API_KEYS, whatever their roles."""
    if settings.admin_api_keys is None:
        return frozenset()
    pairs = settings.admin_api_keys.get_secret_value().split(",")
    return frozenset(pair.partition(":")[2].strip() for pair in pairs)


def _stores(providers: Providers) -> list[Store]:
    own = OwnStore()
    return [RedisStore(providers.redis), own] if providers.redis is not None else [own]
