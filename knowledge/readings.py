"""Readings that all workers share, in Redis.

A key is a keyed hash of the words, and a value is encrypted with another one: only who is told the
same words, and has the deployment's key, finds and reads what they mean in the other language.
"""

import hashlib
import os
import re

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis

from knowledge.cache import Cache, Report
from knowledge.store import BUDGET

TTL = 86_400
"""Seconds that a reading is kept."""
LONGEST = 300
"""Characters; a longer turn never comes twice."""
_NONCE = 12
_NUMBER = re.compile(r"\d")


class Readings:
    """No method raises: without Redis nothing is found and nothing kept."""

    def __init__(self, redis: Redis, *, key: bytes, budget: float = BUDGET) -> None:
        """`redis` is closed by its owner. `key`: the same for all who share it. `budget`: seconds
        that a question has."""
        self._cache = Cache(redis, budget=budget)
        self._key = key[:64]

    async def find(
        self, words: str, source: str, target: str, report: Report
    ) -> tuple[str, str] | None:
        """The translation and who made it. `report` hears why Redis was given up."""
        if not _shareable(words):
            return None
        sealed = await self._cache.find(self._name(words, source, target), report)
        return None if sealed is None else self._open(sealed, words)

    def keep(self, words: str, source: str, target: str, text: str, provider: str) -> None:
        """Returns at once."""
        if not _shareable(words):
            return
        nonce = os.urandom(_NONCE)
        box = AESGCM(self._digest(words, "value"))
        sealed = nonce + box.encrypt(nonce, orjson.dumps((text, provider)), None)
        self._cache.keep(self._name(words, source, target), sealed, ttl=TTL)

    async def close(self) -> None:
        await self._cache.close()

    def _open(self, sealed: bytes, words: str) -> tuple[str, str] | None:
        """None for what another deployment, or another program, wrote."""
        try:
            box = AESGCM(self._digest(words, "value"))
            text, provider = orjson.loads(box.decrypt(sealed[:_NONCE], sealed[_NONCE:], None))
        except (InvalidTag, ValueError, TypeError):
            return None
        return str(text), str(provider)

    def _name(self, words: str, source: str, target: str) -> str:
        return f"answerline:reading:{source}:{target}:{self._digest(words, 'name').hex()}"

    def _digest(self, words: str, purpose: str) -> bytes:
        """32 bytes, other ones for each purpose."""
        return hashlib.blake2b(
            words.encode(), key=self._key, person=purpose.encode(), digest_size=32
        ).digest()


def _shareable(words: str) -> bool:
    return len(words) <= LONGEST and not _NUMBER.search(words)
