"""What the voice takes at once."""

from processors.voice.sentences import breaths, sentences


def test_an_answer_is_spoken_sentence_by_sentence() -> None:
    text = "Dr. Smith pays $1.50. Is that right? Yes."
    assert sentences(text, "en") == ["Dr. Smith pays $1.50.", "Is that right?", "Yes."]


def test_spanish_marks_do_not_split() -> None:
    assert sentences("Hola. ¿Qué tal? La Sra. García llamó.", "es") == [
        "Hola.",
        "¿Qué tal?",
        "La Sra. García llamó.",
    ]


def test_text_without_an_end_is_a_sentence() -> None:
    assert sentences("one moment", "en") == ["one moment"]


def test_what_has_no_sound_is_left_out() -> None:
    assert sentences(" … ", "en") == []
    assert sentences("", "en") == []


def test_a_long_sentence_is_breathed_at_its_commas() -> None:
    assert list(breaths("one two, three four; five six, seven", most=20)) == [
        "one two, three four;",
        "five six, seven",
    ]


def test_a_long_clause_is_not_torn() -> None:
    assert list(breaths("one two three four five six", most=10)) == ["one two three four five six"]
