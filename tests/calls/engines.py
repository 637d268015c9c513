"""The embedded engines of all services of a test process: loaded once, as they would be by one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Self

import pytest

from agent import providers, services
from processors.ears.whisper import Whisper
from processors.turns.smartturn import SmartTurn
from processors.voice import local


class Ears(Whisper):
    """Closed by nobody: other services go on listening with it."""

    loaded: "dict[str, Ears]" = {}  # noqa: RUF012 (of the process, which is what this is for)

    @classmethod
    def load(
        cls,
        languages: Sequence[str],
        *,
        models: str | None = None,
        words: Mapping[str, Sequence[str]] | None = None,
        reads: bool = False,
    ) -> Self:
        named = repr((languages, models, words, reads))
        if named not in cls.loaded:
            made = super().load(languages, models=models, words=words, reads=reads)
            cls.loaded[named] = made
        return cls.loaded[named]  # type: ignore[return-value]

    def close(self) -> None:
        pass


class Judge(SmartTurn):
    def close(self) -> None:
        pass


@cache
def _judge() -> Judge:
    judge = Judge()
    judge.warm()
    return judge


@contextmanager
def shared() -> Iterator[None]:
    """A service costs a second of processor time less."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "Whisper", Ears)
        patch.setattr(providers, "_smart_turn", _judge)
        patch.setattr(local, "MADE", {code: cache(make) for code, make in local.MADE.items()})
        yield
