import time

import pytest

from knowledge.language import Detector
from tests.knowledge.examples import OUT_OF_SCOPE, content

ENGLISH = """
    hello | yes please | what is a deductible | my car broke down | I need help with my bill
    the adjuster has not called | four eight two one | can you hear me | renew my policy
    thank you very much | is hail covered | tomorrow at nine | I don't know I'm not so sure
    feels like these days go on forever | ten of clubs | good morning | whatever you say
"""
SPANISH = """
    hola | sí por favor | qué es el deducible | que es el deducible | se me averio el coche
    necesito ayuda con mi recibo | el perito no ha llamado | cuatro ocho dos uno | me oye
    renovar mi póliza | muchas gracias | está cubierto el granizo | mañana a las nueve
    buenas tardes | necesito una grúa | sí
    no lo sé no estoy seguro | las arenas son blanquecinas de grano medio | lo que usted diga
"""


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.build(content(), ["en", "es"])


def parted(text: str) -> list[str]:
    return [phrase.strip() for line in text.strip().splitlines() for phrase in line.split("|")]


@pytest.mark.parametrize(
    ("text", "language"),
    [*((text, "en") for text in parted(ENGLISH)), *((text, "es") for text in parted(SPANISH))],
)
def test_short_turns_tell_their_language(detector: Detector, text: str, language: str) -> None:
    guess = detector.detect(text)
    assert guess.language == language
    assert 0.5 < guess.confidence <= 1.0


@pytest.mark.parametrize("text", ["", " … ", "482-109", "?!"])
def test_where_nothing_is_said_the_first_language_has_an_equal_share(
    detector: Detector, text: str
) -> None:
    guess = detector.detect(text)
    assert (guess.language, guess.confidence) == ("en", 0.5)


def test_longer_turns_are_surer_than_single_words(detector: Detector) -> None:
    assert detector.detect("taxi").confidence < 0.9
    assert detector.detect("I would like to know what a premium is").confidence > 0.99


def test_whole_sentences_of_other_subjects_are_told_apart(detector: Detector) -> None:
    spanish = [detector.detect(text).language == "es" for text in OUT_OF_SCOPE]
    assert spanish == [text[0] == "¿" or text in OUT_OF_SCOPE[-6:] for text in OUT_OF_SCOPE]


def test_a_guess_takes_microseconds(detector: Detector) -> None:
    began = time.process_time()
    for _ in range(500):
        detector.detect("what is a deductible and how do I pay it")
    assert (time.process_time() - began) / 500 < 0.001


def test_a_detector_of_one_language_always_says_it() -> None:
    assert Detector.of({"de": ["Guten Tag"]}).detect("hello").language == "de"
