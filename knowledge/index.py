"""The embedded index: from a caller's words to the best entry and how sure it is, in numpy."""

from collections.abc import Mapping, Sequence
from importlib import resources

from knowledge.answers import Answer, Question
from knowledge.ingest import Entry
from knowledge.tongue import Tongue
from knowledge.words import Lexicon, Reading, lexicon


class Index:
    """An `Answerer` over entries that are known when it is built; nothing in it changes."""

    def __init__(self, tongues: Mapping[str, Tongue], other: Tongue | None) -> None:
        self._tongues = tongues
        self._other = other

    @classmethod
    def build(cls, entries: Sequence[Entry]) -> "Index":
        languages = {language for entry in entries for language in entry.wordings}
        lexicons = {language: lexicon(language) for language in {"en", *languages}}
        tongues = {language: Tongue(entries, language, lexicons) for language in sorted(languages)}
        other = tongues.get("en") or next(iter(tongues.values()), None)
        return cls(tongues, other)

    async def answer(self, question: Question) -> Answer | None:
        return self.best(question)

    def best(self, question: Question, near: Mapping[str, float] | None = None) -> Answer | None:
        """The best entry, however unsure; None where nothing at all is shared."""
        del near
        tongue = self._tongues.get(question.language, self._other)
        return tongue.best(question) if tongue is not None else None


def background(language: str, lexicons: Mapping[str, Lexicon]) -> list[Reading]:
    """What people say to nobody in particular, as the shipped file has it."""
    file = resources.files("knowledge") / "out_of_scope" / f"{language}.txt"
    if not language.isalpha() or not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [lexicons[language].read(line) for line in lines]
