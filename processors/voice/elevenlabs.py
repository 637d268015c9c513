"""ElevenLabs over HTTP: one request a sentence, audio and the time of each character in a stream.

https://elevenlabs.io/docs/api-reference/text-to-speech/stream-with-timestamps
"""

import binascii
import re
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from knowledge import http
from knowledge.chain import Breaker, Fault
from processors.voice.alignment import Aligner, Timed
from processors.voice.client import Script, Sound

URL = "https://api.elevenlabs.io"
MODEL = "eleven_flash_v2_5"
FORMAT = "pcm_8000"
"""What the line takes. ulaw_8000 would halve the bytes, but costs a decode and a second rounding
where the level or a mixture needs samples; measured, the difference is below 0.1 ms a second."""
TOLD_LANGUAGE = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3")
"""Models that take a `language_code`; the others refuse the request."""
LONGEST = 1 << 20
"""Bytes of one JSON line; more is no speech."""
SLOWEST, FASTEST = 0.7, 1.2
"""Limits of the API's `speed`."""
TIMEOUT = aiohttp.ClientTimeout(total=60.0, connect=5.0)
"""Seconds, the outer bound; the chain's deadlines are much shorter."""

_DENIED = (*http.DENIED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.NOT_FOUND)
"""Until somebody changes a setting: the key, what it may do, the money, the voice."""
_STATUS = re.compile(r"[a-z_]{1,40}")


class ElevenLabs:
    """One per process: it holds no state of a call."""

    name = "elevenlabs"
    patience = 0.5
    metered = True

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        key: str,
        voice: str,
        model: str = MODEL,
        url: str = URL,
        breaker: Breaker | None = None,
    ) -> None:
        """`session` is shared: its pool keeps connections, its connector the TLS context."""
        self.breaker = breaker or Breaker()
        self._session = session
        self._headers = {"xi-api-key": key}
        self._model = model
        self._voice = voice
        self._url = f"{url.rstrip('/')}/v1/text-to-speech/{voice}/stream/with-timestamps"

    def recipe(self, script: Script) -> str:
        return orjson.dumps([self.name, self._voice, FORMAT, self._body(script)]).decode()

    async def speak(self, script: Script) -> AsyncGenerator[Sound]:
        aligner, begun = Aligner(script.text), False
        try:
            async with self._session.post(
                self._url,
                params={"output_format": FORMAT},
                headers=self._headers,
                json=self._body(script),
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                if response.status != 200:  # noqa: PLR2004
                    raise await _refusal(response)
                async for line in _lines(response.content):
                    sound = aligner.feed(*_read(line))
                    if sound is not None or not begun:
                        begun = True
                        yield sound or Sound(b"")
        except aiohttp.ClientConnectorError as error:
            raise Fault("refused", type(error).__name__) from error
        except TimeoutError as error:
            raise Fault("late", "no answer") from error
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, OSError) as error:
            raise Fault("cut", type(error).__name__) from error
        except aiohttp.ClientError as error:
            raise Fault("broken", type(error).__name__) from error
        sound = aligner.close()
        if sound is not None:
            yield sound

    def _body(self, script: Script) -> dict[str, Any]:
        body: dict[str, Any] = {"text": script.text, "model_id": self._model}
        if script.language and self._model.startswith(TOLD_LANGUAGE):
            body["language_code"] = script.language
        if script.pace != 1.0:
            speed = min(max(script.pace, SLOWEST), FASTEST)
            body["voice_settings"] = {"speed": speed}
        return body


async def _lines(content: aiohttp.StreamReader) -> AsyncGenerator[bytes]:
    """The body by lines; the reader's own `readline` gives up at 64 KiB."""
    rest = bytearray()
    async for chunk in content.iter_any():
        rest += chunk
        *whole, last = rest.split(b"\n")
        rest = last
        if len(rest) > LONGEST:
            raise Fault("broken", "a line without an end")
        for line in whole:
            if line.strip():
                yield bytes(line)
    if rest.strip():
        yield bytes(rest)


def _read(line: bytes) -> tuple[bytes, Timed | None]:
    """Audio and times of one JSON line. Raises Fault on anything else."""
    try:
        message = orjson.loads(line)
        pcm = binascii.a2b_base64(message.get("audio_base64") or "")
        times = message.get("alignment") or message.get("normalized_alignment")
        if not times:
            return pcm, None
        timed = Timed(
            times["characters"],
            [float(at) for at in times["character_start_times_seconds"]],
            [float(at) for at in times["character_end_times_seconds"]],
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Fault("broken", "a line that is no speech") from error
    return pcm, timed


async def _refusal(response: aiohttp.ClientResponse) -> Fault:
    """What an error status means; nothing of its text but the status word of the API."""
    body = (await response.content.read(4096)).decode("utf-8", "replace")
    found = re.search(r'"status"\s*:\s*"([^"]*)"', body)
    word = found[1] if found and _STATUS.fullmatch(found[1]) else ""
    denied = (response.status,) if word == "quota_exceeded" else _DENIED
    return http.refusal(response.status, response.headers, word, denied=denied)
