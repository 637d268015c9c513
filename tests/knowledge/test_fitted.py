"""What is fitted to a content, and whether that is all that this content needs."""

import numpy as np

from knowledge.calibration import Bounds
from knowledge.entries import Entry, Wording
from knowledge.fitted import NEAR, SHIPPED, WORDS, Fit, Fitted, content_hash, fittable

ENGLISH = Wording("Where is it?", (), "Here.")
SPANISH = Wording("¿Dónde está?", (), "Aquí.")


def entry(name: str, **wordings: Wording) -> Entry:
    return Entry(name, "desk", wordings=wordings, body="")


def fit(*kinds: int) -> Fit:
    curves = {kind: np.zeros(len(SHIPPED), np.float32) for kind in kinds}
    return Fit(None, (0.0, 0.0), curves, {kind: Bounds() for kind in kinds})


def test_there_is_something_to_fit_where_a_language_has_entries_to_tell_apart() -> None:
    both, english = entry("a", en=ENGLISH, es=SPANISH), entry("b", en=ENGLISH)
    assert fittable([both]) == []
    assert fittable([both, english]) == ["en"]
    assert fittable([both, both, english]) == ["en", "es"]


def test_a_fit_by_words_alone_is_not_one_with_vectors() -> None:
    content = content_hash([entry("a", en=ENGLISH)])
    assert not Fitted(content, {"en": fit(WORDS)}).near
    assert not Fitted(content, {"en": fit(WORDS, NEAR), "es": fit(WORDS)}).near
    assert Fitted(content, {"en": fit(WORDS, NEAR)}).near
