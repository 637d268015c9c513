"""As `knowledge.noise`, over topics."""

import random
from collections.abc import Sequence

from knowledge import noise


class Noise(noise.Noise):
    def __init__(self, topics: Sequence[Sequence[str]], rng: random.Random) -> None:
        super().__init__((text for topic in topics for text in topic), rng)
