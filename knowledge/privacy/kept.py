"""Numbers that the content allows to be kept, such as a policy's: written or spelled."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from knowledge.privacy.numerals import Token
from knowledge.privacy.runs import Run

_PART = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|.", re.DOTALL)
_SEPARATORS = {"-", r"\-", " ", r"\ ", "/", r"\/", ".", r"\.", r"\s"}


@dataclass(frozen=True, slots=True)
class Kept:
    name: str
    written: re.Pattern[str]
    """Anywhere in a text."""
    bare: re.Pattern[str]
    """Letters and digits alone."""


def patterns(numbers: Mapping[str, str]) -> tuple[Kept, ...]:
    """Of `agent.yaml`: names and regular expressions, which are valid."""
    return tuple(
        Kept(
            name,
            re.compile(rf"(?<!\w)(?:{pattern})(?![\-.]?\w)", re.IGNORECASE),
            re.compile(_bare(pattern), re.IGNORECASE),
        )
        for name, pattern in numbers.items()
    )


def _bare(pattern: str) -> str:
    """Without what stands between groups of digits, unless it is repeated or optional."""
    return "".join(part for part in _PART.findall(pattern) if part not in _SEPARATORS)


def written(known: Iterable[Kept], text: str) -> Iterator[re.Match[str]]:
    for kept in known:
        yield from kept.written.finditer(text)


def spelled(known: Sequence[Kept], said: Sequence[Token], run: Run, letters: Sequence[str]) -> bool:
    """Whether the run, with letters spelled before it, is a kept number."""
    if lettered(said, run):
        return False
    codes = ("".join(letters[start:]) + run.digits for start in range(len(letters) + 1))
    return any(whole(known, code) for code in codes)


def lettered(said: Sequence[Token], run: Run) -> bool:
    """A letter stands right behind it, so that it is not the end of a code."""
    behind = said[run.after : run.after + 1]
    return any(token.start == said[run.after - 1].end and token.text.isalpha() for token in behind)


def within(said: Sequence[Token], first: int) -> bool:
    """A word goes right before this token, which is not where a code begins then."""
    before = said[first - 1] if first else None
    return before is not None and before.end == said[first].start and before.text.isalpha()


def whole(known: Sequence[Kept], code: str) -> bool:
    return any(kept.bare.fullmatch(code) for kept in known)
