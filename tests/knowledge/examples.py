"""Turns and entries that several tests of the knowledge ask about."""

from collections.abc import Sequence
from datetime import date
from functools import cache

from knowledge.answers import Answer, Question
from knowledge.entries import Entry, Wording
from knowledge.index import Index
from knowledge.ingest import ingest, shipped

TODAY = date(2026, 6, 1)

OUT_OF_SCOPE = (
    "how old is the brooklyn bridge",
    "what is the capital of France",
    "what's the weather like",
    "book a room",
    "feels like these days go on forever",
    "this is something that I am testing to make sure that the VAD is working properly",
    "thunderstorms could produce large hail isolated tornadoes and heavy rain",
    "ask not what your country can do for you ask what you can do for your country",
    "ten of clubs",
    "eight of spades four of clubs seven of hearts",
    "half an hour",
    "would you like to play chess with me",
    "my aunt bakes the best apple pie",
    "turn the volume down on the radio",
    "what did Napoleon eat for breakfast",
    "convert ten kilometers into miles",
    "¿quién descubrió América?",
    "¿me recomienda una novela?",
    "mi tía hace la mejor tarta de manzana",
    "baje el volumen de la radio",
    "¿a qué temperatura hierve el agua?",
    "las arenas son blanquecinas de grano medio",
)


def entry(name: str, /, *, body: str = "", **wordings: tuple[Sequence[str], str]) -> Entry:
    """`en=(ways to ask, answer)`."""
    spoken = {
        language: Wording(asked[0], tuple(asked[1:]), answer)
        for language, (asked, answer) in wordings.items()
    }
    return Entry(name, "claims", spoken, body)


DEDUCTIBLE = entry(
    "deductible",
    en=(["What is a deductible?", "what do I pay first"], "What you pay yourself."),
    es=(["¿Qué es el deducible?"], "Lo que paga usted."),
    body="A deductible is an amount that the policyholder carries.\n\nIt stands in the policy.",
)
HAIL = entry("hail", en=(["Does my policy cover hail damage to my car?"], "Yes, it does."))
BRIDGE = entry(
    "bridge",
    en=(["How old is the Brooklyn Bridge?", "the age of the bridge"], "It opened in 1883."),
)
GRUA = entry("grua", es=(["¿Cómo pido una grúa?", "necesito una grúa"], "Llame a asistencia."))


def asked(index: Index, text: str, language: str = "en") -> Answer:
    answer = index.best(Question(text, language))
    assert answer is not None
    return answer


def sureness(index: Index, text: str, language: str = "en") -> float:
    answer = index.best(Question(text, language))
    return answer.confidence if answer else 0.0


@cache
def content() -> Sequence[Entry]:
    """The shipped entries, read once by a process and only where a test asks for them."""
    return ingest(shipped(), TODAY).entries
