"""A Redis that takes what it is asked and answers when the test lets it."""

import asyncio
from typing import Any

from redis.asyncio import Redis


class Stalled(Redis):
    def __init__(self, *, reads: bool = False) -> None:
        """`reads`: it tells what it has, and only what is to be written stalls."""
        super().__init__()
        self.answers = asyncio.Event()
        self.asked: list[str] = []
        self.written: dict[str, bytes] = {}
        self.broken: Exception | None = None
        """Raised once, by what is written next."""
        self._reads = reads

    async def get(self, name: str) -> bytes | None:  # type: ignore[override]
        self.asked.append("get")
        if not self._reads:
            await self.answers.wait()
        return self.written.get(name)

    async def set(self, name: str, value: bytes, **_: Any) -> bool:  # type: ignore[override]
        self.asked.append("set")
        await self.answers.wait()
        if self.broken is not None:
            broken, self.broken = self.broken, None
            raise broken
        self.written[name] = value
        return True

    async def ping(self, **_: Any) -> bool:  # type: ignore[override]
        self.asked.append("ping")
        await self.answers.wait()
        return True
