"""Vectors by namespace, found by cosine: the part of a simulated Pinecone that is no wire."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Refused(Exception):
    """The request is wrong; the text says what was expected."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Namespace:
    def __init__(self) -> None:
        self.vectors: dict[str, Floats] = {}
        self.metadata: dict[str, Any] = {}
        self._rows: Floats | None = None
        """All vectors at length 1, until one of them changes."""

    def put(self, key: str, values: list[float], metadata: Any = None) -> None:
        self.vectors[key] = np.array(values, dtype=np.float32)
        self.metadata.pop(key, None)
        if metadata:
            self.metadata[key] = metadata
        self._rows = None

    def forget(self, keys: list[str]) -> None:
        for key in keys:
            self.vectors.pop(key, None)
            self.metadata.pop(key, None)
        self._rows = None

    def near(self, values: list[float], k: int) -> list[tuple[str, float]]:
        """Nearest first."""
        if not self.vectors:
            return []
        if self._rows is None:
            self._rows = np.stack([_unit(vector) for vector in self.vectors.values()])
        cosines = self._rows @ _unit(np.array(values, dtype=np.float32))
        keys = list(self.vectors)
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(keys[number], float(cosines[number])) for number in best]


class VectorSpace:
    """One index."""

    def __init__(self, dimension: int, metric: str) -> None:
        """Raises TypeError where the dimension is no whole number."""
        self.dimension = int(dimension)
        self.metric = metric
        self.namespaces: dict[str, Namespace] = {}

    def namespace(self, name: str) -> Namespace:
        """The default one has two names."""
        return self.namespaces.setdefault("" if name == "__default__" else name, Namespace())

    def check(self, key: object, values: object) -> None:
        """Raises Refused."""
        if not isinstance(key, str) or not key or not key.isascii():
            raise Refused(400, "expected an id of ASCII characters")
        if not isinstance(values, list) or len(values) != self.dimension:
            found = len(values) if isinstance(values, list) else 0
            raise Refused(
                400,
                f"Vector dimension {found} does not match the dimension of the index "
                f"{self.dimension}",
            )
        if not all(isinstance(value, float | int) and math.isfinite(value) for value in values):
            raise Refused(400, "expected finite numbers")


def _unit(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
