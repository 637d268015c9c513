"""Embeddings of OpenAI, and of every provider that speaks its protocol."""

import asyncio
import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
import numpy as np
import openai

from knowledge.chain import Fault
from knowledge.embedding import Floats, unit
from knowledge.http import disconnection, refusal

SIZE = 768
"""Dimensions that are asked for."""
_TOGETHER = 128
"""Texts in a request: some 2 MB of answer at most."""
_CODE = 40
"""Characters: no error code of this protocol is longer."""


class OpenAIEmbedding:
    """Stateless; `http` is the process's own pool."""

    size = SIZE

    def __init__(
        self,
        key: str,
        base_url: str,
        model: str,
        *,
        http: openai.DefaultAsyncHttpxClient,
        deadline: float = 1.0,
    ) -> None:
        """`deadline`: seconds for one request, which holds up to 128 texts."""
        self.name = f"{model}/{SIZE}"
        self._model = model
        self._deadline = deadline
        self._api = openai.AsyncOpenAI(
            api_key=key, base_url=base_url, http_client=http, max_retries=0
        )
        self._api.organization = self._api.project = None  # not from the environment

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Raises Fault."""
        rows = np.empty((len(texts), SIZE), dtype=np.float32)
        for first in range(0, len(texts), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            rows[part] = await self._ask(texts[part])
        return rows

    async def _ask(self, texts: Sequence[str]) -> Floats:
        body = {
            "input": list(texts),
            "model": self._model,
            "dimensions": SIZE,
            "encoding_format": "base64",  # a quarter of the size
        }
        with faults():
            async with asyncio.timeout(self._deadline):
                answer = await self._api.post("/embeddings", body=body, cast_to=object)
        return _rows(answer, len(texts))


def _rows(answer: object, count: int) -> Floats:
    """Raises Fault where it is not what was asked for."""
    rows = np.zeros((count, SIZE), dtype=np.float32)
    try:
        data = answer["data"]  # type: ignore[index]
        if len(data) != count:
            raise Fault("broken" if data else "empty", "vectors are missing")
        for item in data:
            rows[item["index"]] = _values(item["embedding"])
        return unit(rows)
    except (TypeError, KeyError, IndexError, ValueError, AttributeError) as error:
        raise Fault("broken", f"not {count} vectors of {SIZE} dimensions") from error


def _values(embedding: Any) -> Floats:
    """From base64, or from numbers: some providers know no other form."""
    if isinstance(embedding, str):
        values = np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    else:
        values = np.array(embedding, dtype=np.float32)
    if values.shape != (SIZE,):
        raise ValueError("another number of dimensions")
    return values


@contextmanager
def faults() -> Iterator[None]:
    """The SDK's errors in the words of our policy. Their texts may hold keys and are dropped."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _refusal(error) from error
    except openai.APIConnectionError as error:
        raise disconnection(error.__cause__) from error
    except TimeoutError as error:
        raise Fault("late") from error
    except (openai.APIError, ValueError, binascii.Error, httpx2.HTTPError) as error:
        raise Fault("broken", type(error).__name__) from error


def _refusal(error: openai.APIStatusError) -> Fault:
    code = error.code or ""
    word = code if code.isidentifier() and len(code) < _CODE else ""
    if word == "insufficient_quota":
        return Fault("denied", f"{error.status_code} {word}", permanent=True)
    return refusal(error.status_code, error.response.headers, word)
