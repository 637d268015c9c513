"""Fitting to some of the phrasings, where somebody waits for it, and to all."""

from pathlib import Path

import pytest

from knowledge import fitting
from knowledge.answers import Question
from knowledge.entries import Entry, Wording
from knowledge.fitted import Fitted
from knowledge.fitting import fit
from knowledge.index import Index

THINGS = ("umbrella", "hat", "wallet", "scooter", "lantern", "violin")
WISHES = (
    "I lost my {} yesterday",
    "have you found a {} in the hall",
    "where can I collect the {} I left behind",
    "somebody took my {} from the desk",
    "is there a {} at the front desk",
    "my {} has been gone since Monday",
    "did anyone hand in a {}",
    "a {} was left on the train",
    "can you look for my {} please",
    "how do I get my {} back",
    "the {} on platform two is mine",
    "my daughter forgot her {} at your place",
)


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return [
        Entry(
            id=thing,
            department="lost",
            wordings={
                "en": Wording(
                    f"Where is my {thing}?",
                    tuple(wish.format(thing) for wish in WISHES),
                    f"Each {thing} waits at the front desk.",
                )
            },
        )
        for thing in THINGS
    ]


def test_some_of_the_phrasings_are_enough_for_whoever_waits(
    entries: list[Entry], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held: list[int] = []
    asked = fitting._asked

    def counting(known: object, cases: tuple[object, ...], *others: object) -> object:
        held.append(len(cases))
        return asked(known, cases, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(fitting, "_asked", counting)
    whole = fit(entries)
    of_all, folds = sum(held), len(held)
    held.clear()
    quick = fit(entries, most=20)
    assert (folds, len(held)) == (fitting.FOLDS, 3)
    assert sum(held) < of_all, "yet each question that nobody answers"
    assert sum(held) - 20 > (of_all - 13 * len(THINGS)) * 0.9
    assert (whole.whole, quick.whole) == (True, False)
    for fitted in (whole, quick):
        fitted.save(tmp_path / "fit.npz")
        loaded = Fitted.load(tmp_path / "fit.npz")
        assert loaded is not None
        assert loaded.whole is fitted.whole
        best = Index.build(entries, fitted=loaded).best(Question("my violin is lost", "en"))
        assert best is not None
        assert best.entry == "violin"
