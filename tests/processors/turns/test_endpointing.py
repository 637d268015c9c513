"""How long the caller is waited for."""

import pytest

from processors.turns.endpointing import AT_ONCE, LONG, SILENCE_ONLY, SURE, UNSURE, Pause, silence

PATIENCE = 1.2


@pytest.mark.parametrize(
    ("text", "verdict", "judged", "expected"),
    [
        ("what is a deductible", 0.9, True, AT_ONCE),
        ("what is a deductible", 0.7, True, SURE),
        ("what is a deductible", 0.3, True, UNSURE),
        ("I wanted to ask you something", 0.02, True, LONG),
        ("I wanted to ask you something", 0.005, True, 1.25 * LONG),
        ("I wanted to ask you something", None, True, LONG),
        ("qué es el deducible", None, False, SILENCE_ONLY),
        ("yes", None, False, SURE),
        ("Sí, claro.", None, False, SURE),
        ("my number is four five", 0.9, True, SILENCE_ONLY),
        ("it is 4821", 0.9, True, SILENCE_ONLY),
        ("I would like to know about the", 0.9, True, LONG),
        ("I want to make sure that", 0.01, True, 1.5 * LONG),
        ("I want to make sure that", 0.3, True, LONG),
        ("I want to make sure that", 0.7, True, SURE),
        ("What do", 0.3, True, 1.5 * LONG),
        ("This", 0.9, True, 1.5 * LONG),
        ("Who?", 0.9, True, AT_ONCE),
        ("How do I do that?", 0.9, True, AT_ONCE),
        ("Wait.", 0.9, True, SILENCE_ONLY),
        ("Perdón, oiga", None, False, SILENCE_ONLY),
    ],
)
def test_silence_that_ends_a_turn(
    text: str, verdict: float | None, judged: bool, expected: float
) -> None:
    assert silence(Pause(text, verdict, judged), PATIENCE) == expected


def test_patience_is_the_longest_wait() -> None:
    for verdict in (0.9, 0.3, 0.02, None):
        assert silence(Pause("something", verdict, judged=True), 0.3) <= 0.3
    assert silence(Pause("something", 0.02, judged=True), 2.0) == 2.0
