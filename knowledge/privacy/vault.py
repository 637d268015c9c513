"""What a caller gave away in this call, for those who have to act on it; nothing outlives it."""

import re
from collections.abc import Iterable

from knowledge.privacy import Masked
from knowledge.privacy.kinds import Kind

_PLACE = re.compile(r"\[(\w[\w ]*)\]")
NEVER = frozenset({Kind.CVV})
"""Kinds that are not held even here (PCI DSS 4.0, 3.3.1)."""


class Vault:
    """Of one call. Its values are shown by nothing: no repr, no log, no event holds them."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def keep(self, masked: Iterable[Masked]) -> None:
        """The last of a kind is the one that counts: the caller may have corrected it."""
        self._values.update({one.kind: one.value for one in masked if one.kind not in NEVER})

    def hold(self, place: str, value: str) -> None:
        """What the caller has given and confirmed; `[place]` stands for it from now on."""
        if place not in NEVER:
            self._values[place] = value

    @property
    def held(self) -> dict[str, str]:
        """For the call's own sealed state, and nothing else."""
        return {str(place): value for place, value in self._values.items()}

    def fill(self, text: str) -> str:
        """The text with the caller's own values where their places are named in brackets."""
        return _PLACE.sub(lambda match: self._values.get(match[1], match[0]), text)

    def empty(self) -> None:
        self._values.clear()
