"""A recogniser's mistakes, imitated."""

import random

from knowledge.noise import Noise

TEXTS = ("What is a deductible?", "what was detectable", "the deduction")


def test_without_mistakes_only_spelling_is_lost() -> None:
    noise = Noise(TEXTS, random.Random(1))
    assert noise("What is a DEDUCTIBLE?", 0.0) == "what is a deductible"


def test_about_so_many_words_are_lost_or_heard_as_others() -> None:
    noise = Noise(TEXTS, random.Random(1))
    text = " ".join(["what is a deductible"] * 500)
    words = noise(text, 0.1).split()
    assert 0.93 < len(words) / 2000 < 0.97
    wrong = sum(word not in {"what", "is", "a", "deductible"} for word in words)
    assert 0.02 < wrong / 2000 < 0.08


def test_something_is_always_heard() -> None:
    noise = Noise((), random.Random(1))
    assert noise("hello", 1.99) in {"hello", "olleh"}
    assert noise("", 0.5) == ""


def test_the_same_seed_mishears_the_same() -> None:
    one, other = (Noise(TEXTS, random.Random(3))(TEXTS[0] * 9, 0.5) for _ in range(2))
    assert one == other
