"""Ids that sort by the time they were made at."""

import os
import time
from uuid import UUID


def fresh(now: float | None = None) -> str:
    """A UUID of version 7 (RFC 9562, 5.7): Unix milliseconds, then 74 random bits."""
    milliseconds = int((time.time() if now is None else now) * 1000)
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 7 << 76
    return str(UUID(int=value & ~(0b11 << 62) | 0b10 << 62))
