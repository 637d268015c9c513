"""The trade's words are spelled as the trade spells them."""

import pytest

from processors.ears.terms import Terms

TERMS = Terms({"es": ["póliza", "deducible", "grúa", "parte de accidente"], "en": ["deductible"]})


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("cancelo mi polisa", "cancelo mi póliza"),
        ("Poliza nueva", "Póliza nueva"),
        ("necesito una grua, ya", "necesito una grúa, ya"),
        ("¿Qué pasó con mi primo?", "¿Qué pasó con mi primo?"),
    ],
)
def test_what_sounds_like_a_term_is_that_term(heard: str, written: str) -> None:
    assert TERMS.mend(heard, "es") == written


def test_another_language_is_left_alone() -> None:
    assert TERMS.mend("my polisa", "en") == "my polisa"
