"""How sure a translation is said to be, against pairs that its weights were not fitted to."""

from collections.abc import Callable

from benchmarks.adequacy import alike, judged
from benchmarks.pairs import held_out, labelled
from knowledge import glossary
from knowledge.embedding.local import LocalEmbedding

SEED = 11


async def test_a_confidence_is_the_share_of_translations_that_are_right(
    figure: Callable[[str], None],
) -> None:
    pairs = list(labelled(held_out()[::3], glossary.load(), seed=SEED))
    assert sum(pair.right for pair in pairs) == 128
    by_form = judged(pairs, None)
    by_meaning = judged(pairs, await alike(pairs, LocalEmbedding.load()))
    figure(
        f"confidence of translations: calibration error {by_form.error:.3f} by form,"
        f" {by_meaning.error:.3f} with the embedding"
    )
    assert max(by_form.error, by_meaning.error) <= 0.05
    assert by_form.apart >= 0.93
    assert by_meaning.apart >= 0.96
    for found in (by_form, by_meaning):
        assert found.believed[""] >= 0.85
        for kind in ("talk", "untranslated", "number", "place", "name"):
            assert found.believed[kind] <= 0.05, kind
        for kind in ("negation", "term", "half"):
            assert found.believed[kind] <= 0.15, kind
        assert found.alone["lost term"] <= 0.05
    assert by_meaning.believed["another"] <= 0.05
