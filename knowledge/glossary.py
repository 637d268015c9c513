"""Words of the trade: how each is said in every language, and what is never translated."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from knowledge.ingest import LARGEST, Problem, shipped
from knowledge.words import fold

FILE = "glossary.yaml"
MOST = 500
"""Terms."""


class GlossaryError(Exception):
    """The file cannot be used; the text says which line or term, and what was expected."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A term that a text holds, and what it is called in the other language."""

    said: str
    meant: tuple[str, ...]
    """The first is the one to be used, all of them are right."""


class Glossary:
    def __init__(
        self, terms: Sequence[Mapping[str, tuple[str, ...]]] = (), keep: Sequence[str] = ()
    ) -> None:
        """`terms`: by language, the ways to say one thing. `keep`: what is never translated."""
        self._terms = tuple(terms)
        self.keep = tuple(keep)
        self._known: dict[str, list[tuple[str, int]]] = {}
        for number, term in enumerate(self._terms):
            for language, ways in term.items():
                self._known.setdefault(language, []).extend((way, number) for way in ways)
        for known in self._known.values():
            known.sort(key=lambda one: -len(one[0]))

    def words(self, language: str) -> tuple[str, ...]:
        """Every way of saying a term, and what is the same in all languages."""
        said = (way for term in self._terms for way in term.get(language, ()))
        return tuple(dict.fromkeys((*said, *self.keep)))

    def pairs(self, text: str, source: str, target: str) -> list[Pair]:
        """The longest terms first; a term within a longer one does not count."""
        left, found = fold(text), list[Pair]()
        for way, number in self._known.get(source, ()):
            meant = self._terms[number].get(target)
            if meant and _holds(left, way):
                left = _form(way).sub(" ", left)
                found.append(Pair(way, meant))
        return found

    def kept(self, text: str) -> list[str]:
        """Of what is never translated, that which the text holds."""
        folded = fold(text)
        return [word for word in self.keep if _holds(folded, word)]

    def missing(self, original: str, translated: str, source: str, target: str) -> list[Pair]:
        """Terms of the original that the translation does not have right."""
        said = fold(translated)
        kept = [Pair(word, (word,)) for word in self.kept(original)]
        pairs = [*self.pairs(original, source, target), *kept]
        return [pair for pair in pairs if not any(_holds(said, way) for way in pair.meant)]


def _holds(folded: str, words: str) -> bool:
    """The substring first: most texts hold few of the terms."""
    return fold(words).removesuffix("y") in folded and _form(words).search(folded) is not None


@lru_cache(maxsize=4 * MOST)
def _form(words: str) -> re.Pattern[str]:
    """In the singular and in the plural."""
    folded = fold(words)
    plural = f"{re.escape(folded[:-1])}(?:y|ies)" if folded.endswith("y") else re.escape(folded)
    return re.compile(rf"(?<!\w){plural}(?:e?s)?(?!\w)")


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Way = Annotated[str, Field(min_length=1, max_length=80)]
Ways = Annotated[tuple[Way, ...], BeforeValidator(_several), Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    terms: tuple[dict[Language, Ways], ...] = Field((), max_length=MOST)
    keep: tuple[Way, ...] = Field((), max_length=MOST)


def load(folder: Traversable | None = None) -> Glossary:
    """The folder's own, else the shipped one. Raises GlossaryError."""
    place = folder if folder is not None and (folder / FILE).is_file() else shipped()
    try:
        data = (place / FILE).read_bytes()
        if len(data) > LARGEST:
            raise GlossaryError(str(Problem(FILE, 0, f"expected at most {LARGEST} bytes")))
        file = _File.model_validate(yaml.safe_load(data.decode("utf-8")) or {})
    except UnicodeDecodeError as error:
        raise GlossaryError(f"{FILE}: expected UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise GlossaryError(f"{FILE}:{line}: expected YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise GlossaryError(f"{FILE}: expected YAML") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise GlossaryError(f"{FILE}: {where or 'file'}: {fault['msg']}") from error
    return Glossary(file.terms, file.keep)
