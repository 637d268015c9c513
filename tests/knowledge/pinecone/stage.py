"""An index that believes whatever is near, and content of four phrasings."""

from dataclasses import dataclass

from agent.simulators.pinecone import Pinecone as Provider
from knowledge.answers import Answer, Question
from knowledge.embedding import Near
from knowledge.embedding.vectors import Phrasing, Vectors
from tests.knowledge.letters import Letters

KEY = "pcsk_right"
TEXTS = {
    "claim#en#0": "how do I file a claim",
    "claim#en#1": "report an accident",
    "hours#en#0": "when are you open",
    "hours#es#0": "a qué hora abren",
}


@dataclass
class Deciding:
    """An index that is sure of the words it knows, and otherwise believes the nearest phrasing."""

    words: str = "file a claim"

    def best(self, question: Question, near: Near | None = None) -> Answer | None:
        if self.words in question.text:
            return Answer("by words", 0.99, "claim", "claims", "en")
        if near:
            name, cosine = max(near.items(), key=lambda item: item[1])
            return Answer(name, cosine, name.partition("#")[0], "claims", "en")
        leans = question.text.startswith("and ")
        return Answer("a guess", 0.2, "hours", "claims", "en", leaning=leans)


def ask(text: str) -> Question:
    return Question(text, "en")


async def of(texts: dict[str, str], letters: Letters | None = None) -> Vectors:
    asked = [Phrasing(name, text) for name, text in texts.items()]
    return await Vectors.of(asked, letters or Letters())


def held(provider: Provider, namespace: str = "") -> set[str]:
    return set(provider.indexes["phrasings"].namespace(namespace).vectors)
