"""Tokens of a media stream that are not what they say."""

import base64
import random

from agent.line.token import LIFE, OwnStore, Tokens
from tests.fuzz.signatures import KEY, LOOKALIKES


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Forgeries:
    """Of a call's token; the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)
        self._clock = Clock()
        self._tokens = Tokens(KEY, OwnStore(self._clock), clock=self._clock)
        self._others = Tokens("another", OwnStore(self._clock), clock=self._clock)

    async def accepted(self, count: int) -> dict[str, tuple[int, int]]:
        """By kind: how many were tried, and how many opened a stream. Every real one must."""
        found: dict[str, tuple[int, int]] = {}
        kinds = (
            self._bit,
            self._letter,
            self._cut,
            self._encoded,
            self._lookalike,
            self._other_key,
            self._other_call,
            self._old,
            self._replayed,
            self._early,
            self._shifted,
        )
        for number in range(count):
            kind = kinds[number % len(kinds)]
            call = f"CA{number}"
            good = await kind(call, await self._tokens.issue(call))
            name = kind.__name__.strip("_").replace("_", " ")
            tried, taken = found.get(name, (0, 0))
            found[name] = tried + 1, taken + good
            self._clock.now += 0.001
        return found

    async def _bit(self, call: str, token: str) -> bool:
        raw = bytearray(_raw(token))
        place = self._chance.randrange(len(raw) * 8)
        raw[place // 8] ^= 1 << place % 8
        return await self._tokens.redeem(call, _text(raw))

    async def _letter(self, call: str, token: str) -> bool:
        place = self._chance.randrange(len(token))
        letter = self._chance.choice([one for one in "AQzZ09-_+/=é\x00 " if one != token[place]])
        return await self._tokens.redeem(call, token[:place] + letter + token[place + 1 :])

    async def _cut(self, call: str, token: str) -> bool:
        return await self._tokens.redeem(call, token[: self._chance.randrange(len(token))])

    async def _encoded(self, call: str, token: str) -> bool:
        raw = _raw(token)
        forms = (
            f"{token}=",
            f"{token}==",
            f" {token}",
            f"{token}\n",
            raw.hex(),
            f"{token}A",
            base64.b64encode(raw).decode() + "=",
            base64.b32encode(raw).decode(),
            token * 2,
        )
        return await self._tokens.redeem(call, self._chance.choice(forms))

    async def _lookalike(self, call: str, token: str) -> bool:
        known = [one for one in token if one in LOOKALIKES]
        fake = token.replace(known[0], LOOKALIKES[known[0]]) if known else "а" + token[1:]
        return await self._tokens.redeem(call, fake)

    async def _other_key(self, call: str, _token: str) -> bool:
        return await self._tokens.redeem(call, await self._others.issue(call))

    async def _other_call(self, call: str, token: str) -> bool:
        calls = (
            f"{call}0",
            call[:-1],
            call.lower(),
            f"{call} ",
            "",
            f"\x00{call}",
            f"{call}\x00",
            "\ud800",
        )
        return await self._tokens.redeem(self._chance.choice(calls), token)

    async def _old(self, call: str, token: str) -> bool:
        self._clock.now += LIFE + self._chance.choice([0.001, 1.0, 1e6])
        return await self._tokens.redeem(call, token)

    async def _early(self, call: str, token: str) -> bool:
        """The clock of another worker is far behind."""
        now, self._clock.now = self._clock.now, self._clock.now - self._chance.choice([31.0, 1e5])
        good = await self._tokens.redeem(call, token)
        self._clock.now = now
        return good

    async def _replayed(self, call: str, token: str) -> bool:
        if not await self._tokens.redeem(call, token):
            raise AssertionError(f"a real token was refused: {call}")
        return await self._tokens.redeem(call, token)

    async def _shifted(self, call: str, token: str) -> bool:
        """With a later expiry of one's own."""
        raw = _raw(token)
        expiry = int.from_bytes(raw[:4], "big") + self._chance.choice([1, 30, 2**20])
        return await self._tokens.redeem(call, _text((expiry % 2**32).to_bytes(4, "big") + raw[4:]))


def _raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "==")


def _text(raw: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
