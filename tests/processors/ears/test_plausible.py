"""What Whisper invents from noise is no transcript."""

import pytest

from processors.ears.plausible import confidence, loops, once, plausible, spoken


@pytest.mark.parametrize(
    ("text", "seconds", "score", "no_speech"),
    [
        (". . .", 3.0, -0.5, 0.1),
        ("", 3.0, -0.1, 0.0),
        ("Thank you.", 10.0, -1.7, 0.75),
        ("The", 10.0, -5.4, 0.4),
        ("Ah " * 48, 10.0, -0.2, 0.6),
        ("I am not sure what is going on, " * 4, 9.4, -0.3, 0.1),
        ("one two three four five six seven eight nine", 0.5, -0.3, 0.1),
    ],
)
def test_rejected(text: str, seconds: float, score: float, no_speech: float) -> None:
    assert not plausible(text, seconds, score, no_speech)


@pytest.mark.parametrize(
    ("text", "seconds", "score", "no_speech"),
    [
        ("Yes.", 0.8, -1.3, 0.5),
        ("seven", 0.6, -1.8, 0.2),
        ("5 5 5 0 1 4 2", 5.3, -0.2, 0.63),
        ("no no no no", 1.5, -0.4, 0.1),
        ("¿Cuál es la distancia entre la tierra y la luna?", 3.0, -0.1, 0.0),
    ],
)
def test_believed(text: str, seconds: float, score: float, no_speech: float) -> None:
    assert plausible(text, seconds, score, no_speech)


def test_sounds_in_brackets_are_not_spoken() -> None:
    assert spoken(" [Music] Hello (laughs)  there ♪") == "Hello there"


def test_a_loop_is_one_phrase_over_and_over() -> None:
    assert loops(["a", "b", "c", "d", "a", "b", "c", "d", "a", "b", "c", "d"])
    assert not loops(["five", "five", "five", "zero", "one", "four", "two"])


def test_confidence_follows_the_score_and_stays_a_probability() -> None:
    figures = [confidence(score, 0.1) for score in (-6.0, -1.5, -0.6, -0.1)]
    assert figures == sorted(figures)
    assert 0.0 < figures[0] < 0.01
    assert 0.95 < figures[-1] < 1.0
    assert confidence(-0.6, 0.9) < confidence(-0.6, 0.1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, my name is Marcelo. Hello, my name is Marcelo.", "Hello, my name is Marcelo."),
        ("¿Dónde está mi póliza? ¿Dónde está mi póliza?", "¿Dónde está mi póliza?"),
        ("no no no no", "no no no no"),
        ("Hello. Hello.", "Hello. Hello."),
        ("four one one one four one one one", "four one one one four one one one"),
        ("ciento once dieciséis y ciento once dieciséis y", None),
        ("it is 41 11, it is 41 11,", None),
        ("my name is Marcelo, my name was Marcelo", None),
    ],
)
def test_a_sentence_that_the_decoder_repeats_was_said_once(text: str, said: str | None) -> None:
    assert once(text) == (said or text)
