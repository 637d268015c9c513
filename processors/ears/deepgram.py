"""Deepgram's live transcription, by its websocket: https://developers.deepgram.com/reference.

The vendor's client is passed over: it builds a TLS context for each connection (20 ms of the event
loop) and gives up connecting after ten seconds, which is too long for a caller.
"""

import asyncio
import audioop
import json
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from knowledge import http
from knowledge.chain import Breaker, Fault
from processors.ears.mouth import Heard, Mouth, Word

KEEP_ALIVE = 4.0
"""Seconds without audio; Deepgram closes after ten."""
ENDPOINTING = 300
"""Milliseconds of silence after which it finalises by itself: for speech our VAD has missed. Ours
asks for that after 200."""
CLOSING = 0.25
"""Seconds for its goodbye; a hang-up does not wait for a provider."""
CONNECTING = 5.0
"""Seconds; whoever listens has a shorter deadline of their own."""

DENIED = (*http.DENIED, HTTPStatus.PAYMENT_REQUIRED)

ANSWERING = 1.0
"""Seconds that it has for a probe's silence."""
SILENCE = b"\xff" * 1600
"""A fifth of a second, as mu-law."""

GUIDED = "nova-3"
"""Models that take words to be expected."""
MOST_TERMS, MOST_LETTERS = 100, 1000
"""Of those words; Deepgram takes 500 tokens, of two letters at least."""


class Deepgram:
    interims = True
    patience = 0.6

    def __init__(
        self,
        key: str,
        languages: Sequence[str],
        *,
        base_url: str = "https://api.deepgram.com",
        model: str = "nova-3",
        terms: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """`base_url`: an http(s) root. `tls`: the process's own; building one takes 20 ms.
        `terms`: words to be expected."""
        self.name = "deepgram"
        self.breaker = breaker or Breaker()
        self._url = address(base_url, languages, model, terms)
        self._plain = address(base_url, languages, model)
        """Without the words to be expected: a request that is refused for them comes once."""
        self._headers = {"Authorization": f"Token {key}"}
        self._tls = (tls or True) if self._url.startswith("wss:") else None
        self._language = languages[0] if len(languages) == 1 else ""

    async def listen(self, mouth: Mouth) -> AsyncGenerator[Heard | None]:
        """Raises Fault, at the latest when the provider closes the connection."""
        socket = await self._connect()
        sender = asyncio.ensure_future(_feed(socket, mouth))
        try:
            yield None
            async for message in socket:
                heard = parse(message, self._language)
                if heard is not None:
                    yield heard
        except ConnectionClosed as error:
            raise Fault("cut", f"close code {socket.close_code}") from error
        finally:
            sender.cancel()
            await asyncio.wait([sender])
            await _goodbye(socket)
        if not sender.cancelled() and isinstance(problem := sender.exception(), Fault):
            raise problem
        raise Fault("cut", f"close code {socket.close_code}")

    async def probe(self) -> None:
        """A moment of silence, and its summary: who takes a connection may still say nothing."""
        socket = await self._connect()
        try:
            async with asyncio.timeout(ANSWERING):
                await socket.send(SILENCE)
                await socket.send('{"type":"CloseStream"}')
                parse(await socket.recv(), "")
        except TimeoutError as error:
            raise Fault("silent") from error
        except ConnectionClosed as error:
            raise Fault("cut", f"close code {socket.close_code}") from error
        finally:
            await socket.close()

    async def _connect(self) -> ClientConnection:
        try:
            return await connect(
                self._url,
                additional_headers=self._headers,
                compression=None,
                user_agent_header=None,
                proxy=None,
                open_timeout=CONNECTING,
                close_timeout=CLOSING,
                ping_interval=None,
                ssl=self._tls,
            )
        except InvalidStatus as error:
            if error.response.status_code == HTTPStatus.BAD_REQUEST:
                self._url = self._plain  # a model or a language that takes no such words
            headers = dict(error.response.headers.raw_items())  # a name may come twice
            raise refusal(error.response.status_code, headers) from error
        except TimeoutError as error:
            raise Fault("late", "connecting") from error
        except OSError as error:
            raise Fault("refused", type(error).__name__) from error
        except (WebSocketException, EOFError) as error:
            raise Fault("broken", type(error).__name__) from error


def address(base_url: str, languages: Sequence[str], model: str, terms: Sequence[str] = ()) -> str:
    """The websocket's URL. mu-law as it came from the line: half the bytes, nothing lost.

    `terms`: words to be expected (https://developers.deepgram.com/docs/keyterm).
    """
    root = base_url.rstrip("/")
    root = root.replace("https://", "wss://", 1).replace("http://", "ws://", 1)
    query = {
        "model": model,
        "language": languages[0] if len(languages) == 1 else "multi",
        "encoding": "mulaw",
        "sample_rate": 8000,
        "channels": 1,
        "interim_results": "true",
        "punctuate": "true",
        "endpointing": ENDPOINTING,
    }
    listened = [("keyterm", term) for term in _expected(terms)] if model.startswith(GUIDED) else []
    return f"{root}/v1/listen?{urlencode([*query.items(), *listened])}"


def _expected(terms: Sequence[str]) -> Iterator[str]:
    """As many as it takes: one more is an error."""
    letters = 0
    for term in terms[:MOST_TERMS]:
        letters += len(term)
        if letters > MOST_LETTERS:
            return
        yield term


def refusal(status: int, headers: Mapping[str, str]) -> Fault:
    """What an HTTP status in place of a websocket means."""
    return http.refusal(status, headers, denied=DENIED)


def parse(message: str | bytes, language: str) -> Heard | None:
    """None for what is no transcript. `language`: where only one is configured. Raises Fault."""
    try:
        event = json.loads(message)
        match event["type"]:
            case "Results":
                return _results(event, language)
            case "Error":
                raise Fault("broken", "an error event")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Fault("broken", f"unreadable event ({type(error).__name__})") from error
    return None


def _results(event: dict[str, Any], language: str) -> Heard:
    best = event["channel"]["alternatives"][0]
    words = best.get("words") or []
    timed = all("start" in word and "end" in word for word in words)
    return Heard(
        str(best["transcript"]).strip(),
        words=tuple(_word(word) for word in words) if timed else (),
        until=float(event.get("start", 0.0)) + float(event.get("duration", 0.0)),
        final=bool(event.get("is_final")),
        answers=bool(event.get("from_finalize")),
        language=language or _spoken(best, words),
        confidence=min(1.0, max(0.0, float(best.get("confidence", 1.0)))),
    )


def _word(word: dict[str, Any]) -> Word:
    text = word.get("punctuated_word") or word["word"]
    return Word(str(text), float(word["start"]), float(word["end"]))


def _spoken(best: dict[str, Any], words: list[dict[str, Any]]) -> str:
    """The language of most words; of the whole where the words name none."""
    named = [word["language"] for word in words if word.get("language")]
    named = named or best.get("languages") or [""]
    return str(max(dict.fromkeys(named), key=named.count))[:2]


async def _feed(socket: ClientConnection, mouth: Mouth) -> None:
    """Audio, KeepAlive where there is none, Finalize where speech has ended. Ends with the socket.

    Raises Fault when the provider takes no audio, and closes the socket then.
    """
    try:
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE):
                    pcm = await mouth.block()
            except TimeoutError:
                await socket.send('{"type":"KeepAlive"}')
                continue
            if pcm:
                await socket.send(audioop.lin2ulaw(pcm, 2))
            else:
                await socket.send('{"type":"Finalize"}')
    except ConnectionClosed:
        return
    except Fault:
        socket.transport.abort()
        raise


async def _goodbye(socket: ClientConnection) -> None:
    """CloseStream, so that the provider does not bill a stream that nobody hears, then the end."""
    with suppress(ConnectionClosed, TimeoutError):
        async with asyncio.timeout(CLOSING):
            await socket.send('{"type":"CloseStream"}')
    await socket.close()
