"""What language models cost: the vendors' list prices, as published in 2026."""

from typing import NamedTuple

_MILLION = 1_000_000


class Price(NamedTuple):
    """US dollars for a million tokens."""

    read: float
    written: float

    def of(self, read: int, written: int) -> float:
        """US dollars for so many tokens."""
        return (read * self.read + written * self.written) / _MILLION


LISTED = {
    "gpt-4.1-nano": Price(0.10, 0.40),
    "gpt-4.1-mini": Price(0.40, 1.60),
    "gpt-4.1": Price(2.00, 8.00),
    "gpt-4o-mini": Price(0.15, 0.60),
    "gpt-4o": Price(2.50, 10.00),
    "gpt-5-nano": Price(0.05, 0.40),
    "gpt-5-mini": Price(0.25, 2.00),
    "gpt-5": Price(1.25, 10.00),
    "gemini-2.5-flash-lite": Price(0.10, 0.40),
    "gemini-2.5-flash": Price(0.30, 2.50),
    "text-embedding-3-small": Price(0.02, 0.0),
    "text-embedding-3-large": Price(0.13, 0.0),
}


def price(model: str) -> Price | None:
    """Of a model by its name, with or without a date behind it; None where none is listed."""
    known = max((name for name in LISTED if model.startswith(name)), key=len, default="")
    return LISTED.get(known)
