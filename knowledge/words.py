"""A question reduced to what it says: weighted stems, numbers, and whether it denies."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from knowledge import plainyaml
from knowledge.manner import Manner
from knowledge.plainyaml import Node, Scalar

SILENT, FAINT, ASPECT, FULL = 0.0, 0.25, 0.6, 1.0
LONGEST = 800
"""Characters read of one question, its last ones: what it costs is bounded."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SHORTEST_STEM = 3
_DENIED = 4
"""Words after a negation that it may deny."""
_REMEMBERED = 20_000
"""Words whose stem and weight are kept."""


@dataclass(frozen=True, slots=True)
class Word:
    stem: str
    weight: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One text, reduced."""

    plain: str
    """The words as said, folded; equal texts are equal questions."""
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
    phrases: Mapping[str, Sequence["Phrase"]] = field(default_factory=dict)
    """Hollow ones and those that are one notion, by their first word, the longest first."""
    manner: Manner = field(default_factory=Manner)
    _known: dict[str, Word | None] = field(default_factory=dict, compare=False, repr=False)
    _telling: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def read(self, text: str) -> Reading:
        tokens = self.tokens(text, led=True)
        plain = " ".join(tokens)
        if not self.phrases.keys().isdisjoint(tokens):
            tokens = list(self._meant(tokens))
        numbers: set[str] = set()
        words: dict[str, Word] = {}
        members: dict[int, str] = {}
        said: list[str] = []
        denials: list[list[Word]] = []
        known = self._known
        for token in self._counted(tokens):
            word = known[token] if token in known else self.word(token)
            if word is None:
                denials.append([])
                continue
            if token[0].isdigit():
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
            plain,
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
            word = Word(self.stem(token), self.weights.get(token, FULL))
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
            weight = self.weights.get(token, FULL)
            if weight != SILENT:
                yield self.word(token) or Word(self.stem(token), weight)

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

    def tokens(self, text: str, *, led: bool = False) -> list[str]:
        """The words as said; `led`: without what a turn opens with."""
        folded = fold(text[-LONGEST:]).replace("’", "'")
        if led and self.leads is not None and (lead := self.leads.match(folded)):
            folded = folded[lead.end() :]
        if "'" in folded:
            for short, full in self.expansions:
                if short in folded:
                    folded = folded.replace(short, full)
            return [token.replace("'", "") for token in _WORD.findall(folded)]
        return _WORD.findall(folded)

    def _meant(self, tokens: Sequence[str]) -> Iterator[str]:
        """Without hollow phrases, and a notion in place of the words that are one together."""
        at = 0
        while at < len(tokens):
            for phrase in self.phrases.get(tokens[at], ()):
                if tokens[at : at + len(phrase.said)] == phrase.said:
                    yield from phrase.meant
                    at += len(phrase.said)
                    break
            else:
                yield tokens[at]
                at += 1

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


def fold(text: str) -> str:
    """Lower case, without accents."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    apart = unicodedata.normalize("NFKD", lowered)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


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
    by_first: dict[str, list[Phrase]] = {}
    for text in sorted(phrases, key=len, reverse=True):
        phrase = Phrase(text.split(), phrases[text].split())
        by_first.setdefault(phrase.said[0], []).append(phrase)
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
        phrases=by_first,
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
            "pointers", "named", "persons", "clitics", "expletives", "asides", "extending",
            "hesitations", "tails",
        )
    }  # fmt: skip
    wholes = frozenset(item.text for item in _items(tree["wholes"]))
    abouts = tuple(item.text for item in _items(tree["abouts"]))
    pointing = ("connectors", "pronouns", "pointers", "persons", "clitics")
    return Manner(
        **sets,
        triggers=frozenset().union(
            *(sets[name] for name in pointing), (text.split()[-1] for text in (*wholes, *abouts))
        ),
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
