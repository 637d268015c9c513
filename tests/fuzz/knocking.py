"""A request sent as it is, and whether the answer is one."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fuzz.requests import Hostile

PATIENCE = 8.0
"""Seconds for an answer: a body that does not come is given up after 5."""
SOON = 0.4
"""The same for one that may have no end."""
UNFINISHED = {"no HTTP", "chunked", "length", "websocket"}
PAUSE = 0.05
"""Seconds between the pieces of a slow request."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    """0: the connection was closed without one."""
    body: bytes
    seconds: float


async def ask(url: str, request: Hostile) -> Answer:
    """Sends it as it is. A service that answers before it has everything is right."""
    loop = asyncio.get_running_loop()
    parts = urlsplit(url)
    began, got = loop.time(), b""
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(SOON if request.kind in UNFINISHED else PATIENCE):
            for piece in request.pieces:
                writer.write(piece)
                await writer.drain()
                if len(request.pieces) > 1:
                    await asyncio.sleep(PAUSE)
            while piece := await reader.read(65536):
                got += piece
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()
    head, _, body = got.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return Answer(status, body, loop.time() - began)


def wrong(request: Hostile, answer: Answer) -> str:
    """What the service did wrong; "" for nothing."""
    if answer.status >= 500:
        return f"answered with {answer.status}"
    if request.forged and 200 <= answer.status < 300 and request.kind != "no HTTP":
        return "a forged request was accepted"
    if any(trace in answer.body for trace in (b"Traceback", b'File "', b".py", b"Error:")):
        return "answered with a stack trace"
    return ""
