"""The trade's words are spelled as the trade spells them."""

import pytest

from processors.ears.terms import Terms

TERMS = Terms(
    {
        "es": ["póliza", "deducible", "grúa", "parte de accidente", "coche"],
        "en": ["deductible", "insured", "roadside assistance", "copay"],
    }
)


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


@pytest.mark.parametrize(
    ("language", "heard", "prompted", "told"),
    [
        ("en", "What adaptable means?", "What deductible means?", "What deductible means?"),
        ("en", "Is my ring in short, yes?", "is my ring insured, yes?", "Is my ring insured, yes?"),
        ("en", "Row side is it, or row side?", "Row, or roadside?", "Row side is it, or roadside?"),
        ("en", "What copays are", "What copay is", "What copays are"),
        ("es", "ver mi policía en internet", "ver la póliza", "ver mi policía en internet"),
        ("es", "ver mi policía en internet", "ver mi póliza en el", "ver mi póliza en internet"),
        ("es", "Que hago ahora", "coche hago ahora", "Que hago ahora"),
        ("es", "hay que pagar", "hay coche pagar", "hay que pagar"),
        ("es", "una grúa", "", "una grúa"),
        ("fr", "une police", "une póliza", "une police"),
    ],
)  # fmt: skip
def test_of_a_prompted_decoding_nothing_but_terms_is_taken(
    language: str, heard: str, prompted: str, told: str
) -> None:
    assert TERMS.adopted(heard, prompted, language) == told
