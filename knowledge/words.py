"""A question reduced to what it says: weighted stems, numbers, and whether it denies."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from itertools import filterfalse
from typing import NamedTuple

from knowledge import plainyaml
from knowledge.manner import Manner
from knowledge.plainyaml import Node, Scalar

SILENT, FAINT, ASPECT, FULL = 0.0, 0.25, 0.6, 1.0
LONGEST = 800
"""Characters read of one question, its last ones: what it costs is bounded."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SHORTEST_STEM = 3
_ROOT = 4
_DENIED = 4
"""Words after a negation that it may deny."""
_REMEMBERED = 20_000
"""Words whose stem and weight are kept."""


@dataclass(frozen=True, slots=True)
class Word:
    stem: str
    weight: float
    root: str
    """The stem's first letters: by them a word that is denied is known in another form."""
    number: bool
    """Whether it was said in figures."""


class Reading(NamedTuple):
    """One text, reduced."""

    tokens: Sequence[str]
    """The words as said, folded, those too that a turn opens with."""
    asked: Sequence[str]
    """The words as said, without what a turn opens with."""
    plain: str
    """The same as a text; equal texts are equal questions."""
    said: str
    """The words that are not silent, as said, in alphabetical order."""
    words: tuple[Word, ...]
    """Without the silent ones, each stem once."""
    denials: tuple[tuple[Word, ...], ...]
    """For each negation the words after it, the first few."""
    numbers: frozenset[str]
    members: Mapping[int, str]
    """Of each contrast that the text touches, the word that it names."""

    @property
    def negated(self) -> bool:
        return bool(self.denials)


class Phrase(NamedTuple):
    said: list[str]
    meant: list[str]
    """Nothing where it is hollow."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What a language's words weigh. An empty one serves a language that has none."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """By folded word; others weigh `FULL`."""
    same: Mapping[str, str] = field(default_factory=dict)
    """A stem and the stem that stands for it."""
    contrasts: Mapping[str, int] = field(default_factory=dict)
    """A stem and the number of the group whose members exclude one another."""
    negations: frozenset[str] = frozenset()
    leads: re.Pattern[str] | None = None
    """Finds what a turn opens with before it comes to its question: "Wait.", "no, I …"."""
    numerals: Mapping[str, int] = field(default_factory=dict)
    joiner: str = ""
    endings: tuple[str, ...] = ()
    expansions: tuple[tuple[str, str], ...] = ()
    phrases: Mapping[str, Mapping[str, Sequence["Phrase"]]] = field(default_factory=dict)
    """Hollow ones and those that are one notion, by their first word and their second, "" where
    there is none; the longest first."""
    manner: Manner = field(default_factory=Manner)
    _known: dict[str, Word | None] = field(default_factory=dict, compare=False, repr=False)
    _telling: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def read(self, text: str) -> Reading:
        folded = _folded(text)
        told = asked = self._apart(folded)
        if self.leads is not None and (lead := self.leads.match(folded)):
            asked = self._apart(folded[lead.end() :])
        numbers: set[str] = set()
        words: dict[str, Word] = {}
        members: dict[int, str] = {}
        said: list[str] = []
        denials: list[list[Word]] = []
        known = self._known
        for token in self._counted(self._meant(asked)):
            try:
                word = known[token]
            except KeyError:
                word = self.word(token)
            if word is None:
                denials.append([])
                continue
            if word.number:
                numbers.add(token)
            if word.weight == SILENT:
                continue
            said.append(token)
            stem = word.stem
            words.setdefault(stem, word)
            if denials and len(denials[-1]) < _DENIED:
                denials[-1].append(word)
            if stem in self.contrasts:
                members[self.contrasts[stem]] = stem
        said.sort()
        return Reading(
            told,
            asked,
            " ".join(asked),
            " ".join(said),
            tuple(words.values()),
            tuple(map(tuple, denials)),
            frozenset(numbers),
            members,
        )

    def word(self, token: str) -> Word | None:
        """None where it denies. Remembered, for reading is a good part of a decision's time."""
        if token in self._known:
            return self._known[token]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        word = None
        if token not in self.negations:
            word = self._weighed(token)
        self._known[token] = word
        return word

    def tells(self, token: str) -> bool:
        """Whether it says what is asked about; no question word does."""
        told = self._telling.get(token)
        if told is None:
            if len(self._telling) >= _REMEMBERED:
                self._telling.clear()
            word = None if token in self.manner.questions else self.word(token)
            told = self._telling[token] = word is not None and word.weight >= ASPECT
        return told

    def read_all(self, text: str) -> Iterator[Word]:
        """The words of a text of any length, as often as they stand there."""
        for token in _WORD.findall(fold(text)):
            if self.weights.get(token, FULL) != SILENT:
                yield self.word(token) or self._weighed(token)

    def _weighed(self, token: str) -> Word:
        stem = self.stem(token)
        weight = self.weights.get(token, FULL)
        return Word(stem, weight, stem[:_ROOT], number=token[0].isdigit())

    def stem(self, word: str) -> str:
        known = self.same.get(word)
        if known is not None:
            return known
        stem = word
        for ending in self.endings:
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
                stem = word[: -len(ending)]
                break
        if len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2] and not stem.endswith(("ss", "ll")):
            stem = stem[:-1]
        return self.same.get(stem, stem)

    def tokens(self, text: str) -> list[str]:
        """The words as said."""
        return self._apart(_folded(text))

    def _apart(self, folded: str) -> list[str]:
        if "'" in folded:
            for short, full in self.expansions:
                if short in folded:
                    folded = folded.replace(short, full)
            return [token.replace("'", "") for token in _WORD.findall(folded)]
        return _WORD.findall(folded)

    def _meant(self, tokens: Sequence[str]) -> list[str]:
        """Without hollow phrases, and a notion in place of the words that are one together."""
        meant: list[str] = []
        at = 0
        while at < len(tokens):
            phrase = self._phrase(tokens, at) if tokens[at] in self.phrases else None
            if phrase is None:
                meant.append(tokens[at])
                at += 1
            else:
                meant += phrase.meant
                at += len(phrase.said)
        return meant

    def _phrase(self, tokens: Sequence[str], at: int) -> Phrase | None:
        """The longest that begins there."""
        begun = self.phrases[tokens[at]]
        if at + 1 < len(tokens):
            for phrase in begun.get(tokens[at + 1], ()):
                if tokens[at : at + len(phrase.said)] == phrase.said:
                    return phrase
        return begun[""][0] if "" in begun else None

    def _counted(self, tokens: list[str]) -> Iterable[str]:
        """Numerals as digits: "two hundred" is 200, "four eight two one" is 4821."""
        if not self.numerals.keys().isdisjoint(tokens) or any(map(str.isdecimal, tokens)):
            return self._with_digits(tokens)
        return tokens

    def _with_digits(self, tokens: list[str]) -> Iterator[str]:
        at = 0
        while at < len(tokens):
            end = at
            while end < len(tokens) and (
                tokens[end] in self.numerals
                or tokens[end].isdecimal()
                or (tokens[end] == self.joiner and end > at)
            ):
                end += 1
            while end > at and tokens[end - 1] == self.joiner:
                end -= 1
            run = [token for token in tokens[at:end] if token != self.joiner]
            if len(run) > 1 or (run and tokens[at] not in self.weights):
                yield self._digits(run)
                at = end
            else:
                yield tokens[at]
                at += 1

    def _digits(self, run: list[str]) -> str:
        values = [self.numerals.get(token, -1) for token in run]
        if any(value < 0 for value in values) or all(value < 10 for value in values):  # noqa: PLR2004
            return "".join(str(self.numerals.get(token, token)) for token in run)
        total = part = 0
        for value in values:
            if value == 1000:  # noqa: PLR2004
                total, part = total + (part or 1) * value, 0
            elif value == 100:  # noqa: PLR2004
                part = (part or 1) * value
            else:
                part += value
        return str(total + part)


def _folded(text: str) -> str:
    return fold(text[-LONGEST:]).replace("’", "'")


def fold(text: str) -> str:
    """Lower case, without accents."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    apart = unicodedata.normalize("NFKD", lowered)
    return "".join(filterfalse(unicodedata.combining, apart))


@lru_cache(maxsize=16)
def lexicon(language: str) -> Lexicon:
    """The shipped lexicon of a language, else an empty one."""
    file = resources.files("knowledge") / "lexicon" / f"{language}.yaml"
    if not language.isalpha() or not file.is_file():
        return Lexicon()
    tree = plainyaml.read(file.read_text(encoding="utf-8"))
    assert isinstance(tree, plainyaml.Mapping)
    return _lexicon(tree.items)


def _lexicon(tree: Mapping[str, Node]) -> Lexicon:
    weights: dict[str, float] = {}
    for name, weight in (("aspect", ASPECT), ("faint", FAINT), ("silent", SILENT)):
        weights.update(dict.fromkeys(_words(tree[name]), weight))
    endings = tuple(sorted(_words(tree["endings"]), key=len, reverse=True))
    bare = Lexicon(endings=endings)
    same: dict[str, str] = {}
    for group in _lists(tree["synonyms"]):
        head = bare.stem(group[0])
        for word in group:
            same.setdefault(word, head)
            same.setdefault(bare.stem(word), head)
    named = Lexicon(endings=endings, same=same)
    contrasts = {}
    for number, group in enumerate(_lists(tree["contrasts"])):
        for word in group:
            contrasts[named.stem(word)] = number
    phrases = {phrase[0]: "" for phrase in _lists(tree["hollow"])}
    pairs = _pairs(tree["phrases"])
    for notion, said in pairs.items():
        phrases.update(dict.fromkeys((item.text for item in _items(said)), notion))
    by_words: dict[str, dict[str, list[Phrase]]] = {}
    for text in sorted(phrases, key=len, reverse=True):
        phrase = Phrase(text.split(), phrases[text].split())
        first, second = (*phrase.said, "")[:2]
        by_words.setdefault(first, {}).setdefault(second, []).append(phrase)
    return Lexicon(
        weights=weights,
        same=same,
        contrasts=contrasts,
        negations=frozenset(_words(tree["negations"])),
        leads=_leads(tree),
        numerals=_numerals(_pairs(tree["numbers"])),
        joiner=_text(_pairs(tree["numbers"])["joiner"]),
        endings=endings,
        expansions=tuple(
            (short, _text(full)) for short, full in _pairs(tree["expansions"]).items()
        ),
        phrases=by_words,
        manner=_manner(_pairs(tree["leaning"])),
    )


def _leads(tree: Mapping[str, Node]) -> re.Pattern[str]:
    """A lead is followed by a stop, by another lead, or by what a question opens with."""
    lead, opener = (_any(_words(tree[name])) for name in ("leads", "openers"))
    after = _any(_words(tree["after_no"]))
    stop = r"\s*[.,;:!…]\W*"
    before = rf"(?:{lead})(?:{stop}|\s+(?=(?:{lead}|{opener})\b))|no(?:{stop}|\s+(?={after}\b))"
    return re.compile(rf"\W*(?:(?:{before})(?=.*\w))+")


def _any(words: Sequence[str]) -> str:
    return "(?:" + "|".join(map(re.escape, words)) + ")"


def _manner(tree: Mapping[str, Node]) -> Manner:
    sets = {
        name: frozenset(_words(tree[name]))
        for name in (
            "connectors", "links", "owners", "conditions", "finite", "questions", "pronouns",
            "pointers", "named", "persons", "clitics", "toward", "doing", "places", "expletives",
            "asides", "extending",
            "hesitations", "tails",
        )
    }  # fmt: skip
    wholes = frozenset(item.text for item in _items(tree["wholes"]))
    abouts = tuple(f"{item.text} " for item in _items(tree["abouts"]))
    return Manner(
        **sets,
        pointing=sets["pronouns"] | sets["pointers"] | sets["persons"] | sets["clitics"],
        endings=tuple(_words(tree["endings"])),
        participles=tuple(_words(tree["participles"])),
        abouts=abouts,
        wholes=wholes,
    )


def _numerals(tree: Mapping[str, Node]) -> dict[str, int]:
    numerals = {word: value for value, word in enumerate(_words(tree["units"]))}
    numerals |= {word: 20 + 10 * step for step, word in enumerate(_words(tree["tens"]))}
    return numerals | {_text(tree["hundred"]): 100, _text(tree["thousand"]): 1000}


def _text(node: Node) -> str:
    assert isinstance(node, Scalar)
    return node.text


def _words(node: Node) -> list[str]:
    return _text(node).split()


def _items(node: Node) -> list[Scalar]:
    assert isinstance(node, plainyaml.Sequence)
    return [item for item in node.items if isinstance(item, Scalar)]


def _pairs(node: Node) -> Mapping[str, Node]:
    assert isinstance(node, plainyaml.Mapping)
    return node.items


def _lists(node: Node) -> list[list[str]]:
    """A sequence of sequences, of `a | b` lines, or of plain lines (one item each)."""
    assert isinstance(node, plainyaml.Sequence)
    return [
        [item.text for item in _items(group)]
        if isinstance(group, plainyaml.Sequence)
        else [word.strip() for word in _text(group).split("|")]
        for group in node.items
    ]
