import pytest

from knowledge.words import LONGEST, Lexicon, lexicon

EN = lexicon("en")
ES = lexicon("es")


def stems(words: Lexicon, text: str) -> list[str]:
    return [word.stem for word in words.read(text).words if word.weight == 1.0]


@pytest.mark.parametrize(
    ("words", "one", "other"),
    [
        (EN, "What's a deductible, please?", "so what is the deductible"),
        (EN, "I don't know what a deductible is", "what is a deductible"),
        (EN, "my car won't start", "my vehicle is not starting"),
        (EN, "I can't log in", "I cannot sign in"),
        (EN, "two hundred and fifty dollars", "250 dollars"),
        (EN, "four eight two one", "4821"),
        (EN, "one thousand five hundred", "1500"),
        (ES, "¿Qué es la franquicia?", "que es el deducible"),
        (ES, "no sé qué es el deducible", "qué es el deducible"),
        (ES, "treinta y dos días", "32 dias"),
    ],
)
def test_the_same_thing_said_otherwise_reads_the_same(words: Lexicon, one: str, other: str) -> None:
    assert stems(words, one) == stems(words, other)
    assert words.read(one).negated == words.read(other).negated


@pytest.mark.parametrize(
    ("words", "text", "negated"),
    [
        (EN, "it is covered", False),
        (EN, "it isn't covered", True),
        (EN, "I never got it", True),
        (EN, "no, what is it", False),
        (EN, "I'm not sure what a premium is", False),
        (ES, "está cubierto", False),
        (ES, "no está cubierto", True),
        (ES, "no, qué es eso", False),
        (ES, "sin embargo", False),
    ],
)
def test_a_denial_is_told_from_a_manner_of_speaking(
    words: Lexicon, text: str, negated: bool
) -> None:
    assert words.read(text).negated is negated


def test_only_the_end_of_an_endless_text_is_read() -> None:
    assert len(EN.read("word " * 10_000 + "deductible").plain) <= LONGEST
    assert "deductible" in EN.read("word " * 10_000 + "deductible").plain


def test_a_language_without_a_lexicon_still_has_words() -> None:
    assert lexicon("xx") == Lexicon()
    assert stems(lexicon("../en"), "Grüße, Größe") == ["gruße", "große"]
