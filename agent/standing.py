"""What only a call itself may know, and would need again if its worker died: sealed for its memory.

The values that were masked in the caller's words, and who the caller has turned out to be. A
security code is never among them.
"""

from collections.abc import Mapping

import orjson

from knowledge.clerk import Clerk, Known
from knowledge.privacy.vault import Vault
from knowledge.sealed import Seal


class Standing:
    """Of one stream of a call."""

    def __init__(self, call: str, seal: Seal, vault: Vault, clerk: Clerk | None) -> None:
        self._call = call
        self._seal = seal
        self._vault = vault
        self._clerk = clerk

    def pack(self) -> str:
        """ "" where there is nothing to know."""
        known = self._clerk.known if self._clerk is not None else None
        if not self._vault.held and known is None:
            return ""
        told = {"held": self._vault.held, "known": known}
        return self._seal.close(self._call, orjson.dumps(told))

    def unpack(self, sealed: str) -> None:
        """What another deployment or another version sealed is left alone."""
        opened = self._seal.open(self._call, sealed) if sealed else None
        if opened is None:
            return
        told = orjson.loads(opened)
        held, known = told.get("held"), told.get("known")
        if isinstance(held, Mapping):
            for place, value in held.items():
                self._vault.hold(str(place), str(value))
        if isinstance(known, Mapping) and self._clerk is not None:
            self._clerk.resume(
                Known(
                    {str(name): str(fact) for name, fact in dict(known["facts"]).items()},
                    bool(known["identified"]),
                    int(known["tries"]),
                )
            )
