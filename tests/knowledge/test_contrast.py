import pytest

from knowledge.answers import Question
from knowledge.entries import Entry, Wording
from knowledge.fitted import SHIPPED_FIT, fitted_to
from knowledge.index import Index
from knowledge.routing import Thresholds
from tests.knowledge.examples import BRIDGE, DEDUCTIBLE, GRUA, HAIL, content, sureness


@pytest.fixture(scope="module")
def index() -> Index:
    """As it comes."""
    return Index.build(content(), fitted=fitted_to(content(), SHIPPED_FIT))


DIFFERENT = [
    ("Is water damage covered?", "is water damage not covered"),
    ("How do I cancel my policy?", "I do not want to cancel my policy"),
    ("Can my 16 year old drive?", "can my 25 year old drive"),
    ("Can I drive in Canada?", "can I drive in Mexico"),
    ("How do I add a driver?", "how do I remove a driver"),
    ("Why did my premium increase?", "why did my premium decrease"),
    ("Is my boat insured?", "is my car insured"),
    ("When does my policy end?", "when does my policy begin"),
    ("Is a fire covered?", "is a flood covered"),
    ("What is a deductible of 500 dollars?", "what is a deductible of two hundred dollars"),
    ("¿Está cubierto el granizo?", "¿no está cubierto el granizo?"),
    ("¿Cómo agrego un conductor?", "¿cómo quito un conductor?"),
    ("¿Por qué subió mi prima?", "¿por qué bajó mi prima?"),
    ("¿Puedo conducir en Francia?", "¿puedo conducir en Italia?"),
]


@pytest.mark.parametrize(("known", "text"), DIFFERENT)
def test_negation_numbers_opposites_and_named_things_are_not_the_same(
    known: str, text: str
) -> None:
    language = "es" if "¿" in known else "en"
    wordings = {language: Wording(known, (), "Yes.")}
    index = Index.build([Entry("one", "claims", wordings), BRIDGE])
    assert sureness(index, known, language) >= 0.95
    assert sureness(index, text, language) <= 0.5


DENIED = {
    "en": (
        "I don't want to cancel my policy",
        "please don't cancel it, I want to keep my policy",
        "I'd rather not cancel the policy",
        "I do not want to terminate my insurance policy with you",
        "do not send a tow truck",
        "nobody stole my car",
        "I don't want to file a claim",
        "don't turn on autopay",
        "I do not want a refund",
        "my house was not broken into",
        "I don't need a rental car while mine is in the shop",
        "I'm not on automatic payment, I mail a check every month",
        "we never rent a car on holiday, we take the train instead",
    ),
    "es": (
        "no quiero cancelar mi póliza",
        "prefiero no cancelar la póliza",
        "ya no necesito la grúa",
        "no me robaron el carro",
        "no quiero agregar un conductor",
        "no se me ponchó la llanta",
        "no cambien mi dirección",
        "no me rompieron el parabrisas",
        "no he tenido ningún accidente",
        "no, no quiero cambiar el deducible",
        "no quiero asegurar ningún coche nuevo",
        "sin pago automático por favor, yo voy al banco",
        "no hace falta cambiar el apellido, sigo con el de soltera",
    ),
}


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in DENIED for text in DENIED[language]]
)
def test_of_an_entry_with_many_phrasings_the_opposite_is_not_the_same(
    index: Index, language: str, text: str
) -> None:
    answer = index.best(Question(text, language))
    assert answer is None or not answer.sure(Thresholds().answer - 0.2)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "left my headlights on all night and now it won't crank"),
        ("en", "I just ran over a nail and my tire's going down, I can't drive on"),
        ("en", "a car sideswiped me and just kept going, I didn't get the plate"),
        ("es", "ya aprobaron mi siniestro y no sé cuándo me llega el dinero"),
        ("es", "no sé si está cubierto un terremoto"),
    ],
)
def test_a_negation_of_what_no_phrasing_says_is_no_opposite(
    index: Index, language: str, text: str
) -> None:
    assert sureness(index, text, language) >= 0.9


REPLACED = [
    ("How old is the Brooklyn Bridge?", "how old is the Golden Gate Bridge"),
    ("How old is the Brooklyn Bridge?", "how long is the Brooklyn Bridge"),
    ("How old is the Brooklyn Bridge?", "who built the Brooklyn Bridge"),
    ("I want to book a room", "I want to book a table"),
    ("What is the glass deductible?", "what is the travel deductible"),
    ("¿Cuál es el horario de la oficina?", "¿cuál es el horario de la piscina?"),
]


@pytest.mark.parametrize(("known", "text"), REPLACED)
@pytest.mark.parametrize("others", [[], [HAIL, GRUA]])
def test_a_word_never_heard_of_in_place_of_a_known_one_is_another_question(
    others: list[Entry], known: str, text: str
) -> None:
    language = "es" if "¿" in known else "en"
    wordings = {language: Wording(known, (), "Yes.")}
    index = Index.build([Entry("one", "claims", wordings), *others])
    assert sureness(index, text, language) <= 0.6


def test_meaning_never_makes_a_negation_or_another_name_the_same() -> None:
    index = Index.build([HAIL, BRIDGE, DEDUCTIBLE])
    for text, name in (
        ("Does my policy not cover hail damage to my car?", "hail#en#0"),
        ("How old is the Tower Bridge?", "bridge#en#0"),
    ):
        answer = index.best(Question(text, "en"), {name: 0.97})
        assert answer is not None
        assert answer.confidence < 0.5, text


def test_an_entry_about_what_is_not_there_is_asked_for_by_denials() -> None:
    missing = ("my new card has not arrived", "I haven't received the card", "the card never came")
    owned = ("what can I pay with the card", "the card and what it pays", "pay with the card")
    late = Entry("late", "claims", {"en": Wording("Where is my card?", missing, "On its way.")})
    use = Entry("use", "claims", {"en": Wording("How do I use my card?", owned, "Like this.")})
    index = Index.build([late, use, HAIL])
    lacking = index.best(Question("I have not received a card yet", "en"))
    denying = index.best(Question("I don't pay with the card", "en"))
    assert lacking is not None
    assert denying is not None
    assert (lacking.entry, lacking.differing) == ("late", False)
    assert (denying.entry, denying.differing) == ("use", True)
