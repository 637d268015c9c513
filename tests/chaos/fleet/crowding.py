"""Three times as many callers as there are places; strangers who only hold on to connections."""

import asyncio
import os
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.fleet.crowd import Order
from tests.chaos.fleet.gaps import percentile
from tests.chaos.fleet.stage import TALK, Stage
from tests.chaos.fleet.told import Told

TIMES = 3
WATCHED = 15.0
"""Seconds for which calls are watched before and while strangers are there."""
CLOSED = 10.0
"""Seconds after the last stranger has come by which all are gone: the balancer waits for 5."""
AT_ONCE = 4
EVERY, SLOWLY = 0.01, 0.2
"""Seconds from some connections to the next: 400 a second, and 20 of slow readers."""
HALF = b"GET /twilio/media HTTP/1.1\r\nHost: localhost\r\n"
WHOLE = b"POST /twilio/voice HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
SMALL, ANSWERS = 4096, 4
"""Bytes of a slow reader's window, and answers that it never reads. (Fifty of each, asked at once,
are a flood of 10,000 requests: what that costs has nothing to do with who reads the answers.)"""


async def overload(stage: Stage) -> None:
    """As many calls in a second as would fill the fleet three times."""
    scene, shape = f"overload {TIMES}x", stage.site.shape
    places = shape.workers * shape.most
    before = [await _lags(stage, number) for number in range(shape.workers)]
    stage.crowd.most_open = 0
    calls = TIMES * places
    await stage.crowd.do(Order("ring", calls, every=1.0 / calls, manner=stage.sizes.manner))
    await asyncio.sleep(5.0)
    stage.crowd.lateness()
    await asyncio.sleep(2 * TALK)
    stage.lateness(scene)
    after = [await _lags(stage, number) for number in range(shape.workers)]
    told = await stage.crowd.leave()
    refused = [one for one in told if one.refused]
    taken = [one for one in told if one.legs]
    await stage.prove(scene, taken)
    stage.count(scene, "callers", len(told), None)
    stage.count(scene, "places", places, None)
    stage.count(scene, "admitted beyond them", max(0, stage.crowd.most_open - places), 0)
    stage.count(scene, "places left empty", max(0, places - len(taken)), 0)
    stage.count(scene, "callers who heard nothing", len(told) - len(refused) - len(taken), 0)
    waits = [_until_told(one) for one in refused]
    stage.time(scene, "refused until TwiML, max", max(waits, default=0.0), 1.0)
    lag = max(_p99(old, new) for old, new in zip(before, after, strict=True))
    stage.time(scene, "loop lag p99, worst worker (upper bound)", lag, 0.02)


def _until_told(one: Told) -> float:
    return one.posts[0].at + one.posts[0].seconds - one.began


async def _lags(stage: Stage, worker: int) -> dict[float, float]:
    """The histogram."""
    found = await stage.site.metrics(worker, "answerline_event_loop_lag_seconds_bucket")
    return {float(bound): count for bound, count in found.items()}


def _p99(before: dict[float, float], after: dict[float, float]) -> float:
    """The bucket's upper bound."""
    counts = {bound: after[bound] - before.get(bound, 0.0) for bound in after}
    total = max(counts.values())
    return min(bound for bound, count in counts.items() if count >= 0.99 * total)


async def strangers(stage: Stage) -> None:
    """Half requests, and requests whose answers are not read."""
    scene = "strangers"
    await stage.begin()
    await asyncio.sleep(2.0)
    await stage.crowd.margins()
    await asyncio.sleep(WATCHED)
    calm = _jitter(await stage.crowd.margins())
    stage.lateness(scene)
    began = time.monotonic()
    half, slow = await asyncio.gather(
        _knock(stage, stage.sizes.strangers, HALF, every=EVERY),
        _knock(stage, stage.sizes.slow, WHOLE * ANSWERS, every=SLOWLY, window=SMALL),
    )
    last = time.monotonic()
    await asyncio.sleep(max(0.0, began + WATCHED - time.monotonic()))
    knocked = _jitter(await stage.crowd.margins())
    stage.lateness(scene)
    await asyncio.sleep(max(0.0, last + CLOSED - time.monotonic()))
    open_yet = await _still(half)
    for connection in (*half, *slow):
        connection.close()
    told = await stage.crowd.leave()
    await stage.prove(scene, told)
    stage.count(scene, "half-open connections", len(half), None)
    stage.count(scene, "slow readers", len(slow), None)
    stage.count(scene, "streams lost", sum(one.moved for one in told), 0)
    stage.count(scene, f"half-open ones left after {CLOSED:.0f} s", open_yet, 0)
    stage.time(scene, "jitter p99 of live calls before", calm, None)
    stage.time(scene, "jitter p99 added", max(0.0, knocked - calm), 0.005)


def _jitter(margins: Sequence[float]) -> float:
    return percentile([max(0.0, one) for one in margins], 0.99)


async def _knock(
    stage: Stage, count: int, request: bytes, *, every: float, window: int = 0
) -> list[socket.socket]:
    """Connections that have sent this, in a thread: TLS as Twilio's."""
    tls = ssl.create_default_context(cafile=str(stage.site.certificate))
    found: list[socket.socket] = []
    with ThreadPoolExecutor(1, initializer=_stands_back) as apart:
        while len(found) < count:
            due = time.monotonic() + every
            some = min(AT_ONCE, count - len(found))
            found += await asyncio.get_running_loop().run_in_executor(
                apart, _connect, stage.site.https, tls, some, request, window
            )
            await asyncio.sleep(max(0.0, due - time.monotonic()))
    return found


def _stands_back() -> None:
    """Strangers have machines of their own: what they compute takes no time of the fleet's."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def _connect(
    port: int, tls: ssl.SSLContext, count: int, request: bytes, window: int
) -> list[socket.socket]:
    found: list[socket.socket] = []
    for _ in range(count):
        plain = socket.socket()
        if window:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        plain.settimeout(10.0)
        plain.connect(("127.0.0.1", port))
        secure = tls.wrap_socket(plain, server_hostname="localhost")
        secure.sendall(request)
        found.append(secure)
    return found


async def _still(connections: Sequence[socket.socket]) -> int:
    return await asyncio.to_thread(lambda: sum(_open(one) for one in connections))


def _open(connection: socket.socket) -> bool:
    """Whether the other side has not closed it: it would have said why, and then nothing more."""
    connection.settimeout(0.0)
    try:
        while connection.recv(4096):
            pass
    except (ssl.SSLWantReadError, BlockingIOError):
        return True
    except OSError:
        return False
    return False
