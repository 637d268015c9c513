"""What is fitted to a content, and whether that is all that this content needs."""

from pathlib import Path

import numpy as np
import pytest

from knowledge.calibration import Bounds
from knowledge.entries import Entry, Wording
from knowledge.fitted import (
    NEAR,
    SHIPPED,
    SHIPPED_FIT,
    WORDS,
    Fit,
    Fitted,
    content_hash,
    fittable,
    fitted_to,
)
from tests.knowledge.examples import content

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


def test_the_shipped_content_comes_with_what_was_fitted_to_it() -> None:
    found = fitted_to(content(), SHIPPED_FIT.with_name("none"))
    assert found is not None, "the content has changed: see SHIPPED_FIT"
    assert found.near
    assert all(fit.linear is not None for fit in found.fits.values())
    assert fitted_to(content()[1:], SHIPPED_FIT) is None, "other content"


def test_a_fit_is_kept_as_it_was_made_but_for_the_rounding(tmp_path: Path) -> None:
    made = Fitted.load(SHIPPED_FIT)
    assert made is not None
    made.save(tmp_path / "again.npz")
    again = Fitted.load(tmp_path / "again.npz")
    assert again is not None
    for language, fit in made.fits.items():
        other = again.fits[language]
        assert fit.linear is not None
        assert other.linear is not None
        np.testing.assert_allclose(other.linear.letters, fit.linear.letters, atol=0.01)
        np.testing.assert_allclose(other.curves[NEAR], fit.curves[NEAR])


@pytest.mark.parametrize("data", [b"", b"PK", b"\x93NUMPY", b"some text"])
def test_what_is_no_fit_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "fit.npz").write_bytes(data)
    assert Fitted.load(tmp_path / "fit.npz") is None
