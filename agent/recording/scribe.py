"""Scribe: the one thread of a process that writes recordings. The event loop never waits for it."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

from loguru import logger

CLOSING = 10.0
"""Seconds that the end of the process waits for what is still to be written."""


class Scribe:
    def __init__(self) -> None:
        self._work: SimpleQueue[tuple[Callable[[], None], Future[None]] | None] = SimpleQueue()
        self._given = 0
        self._done = 0  # only the thread counts here
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)

    @property
    def waiting(self) -> int:
        """Bytes that were handed over and not written."""
        return self._given - self._done

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Callable[[], None], size: int = 0) -> Future[None]:
        """`work` is done after all that was handed over before."""
        self._given += size
        done: Future[None] = Future()

        def counted() -> None:
            try:
                work()
            finally:
                self._done += size

        self._work.put((counted, done))
        return done

    async def close(self) -> None:
        """A disk that hangs does not hold the end of the process."""
        self._work.put(None)
        await asyncio.to_thread(self._thread.join, CLOSING)

    def _run(self) -> None:
        while (one := self._work.get()) is not None:
            work, done = one
            awaited = done.set_running_or_notify_cancel()  # done all the same: somebody gave up
            try:
                work()
            except Exception as error:  # noqa: BLE001 (a recording's bug is no other recording's end)
                logger.bind(error=type(error).__name__).error("recording failed")
            if awaited:
                done.set_result(None)
