"""A question reduced to what it says: weighted stems, numbers, and whether it denies."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources

from knowledge import plainyaml
from knowledge.plainyaml import Node, Scalar

SILENT, FAINT, ASPECT, FULL = 0.0, 0.25, 0.6, 1.0
LONGEST = 800
"""Characters read of one question, its last ones: what it costs is bounded."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SHORTEST_STEM = 3


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
    negated: bool
    numbers: frozenset[str]
    members: Mapping[int, str]
    """Of each contrast that the text touches, the word that it names."""


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
    openers: frozenset[str] = frozenset()
    numerals: Mapping[str, int] = field(default_factory=dict)
    joiner: str = ""
    endings: tuple[str, ...] = ()
    expansions: tuple[tuple[str, str], ...] = ()
    phrases: Mapping[str, str] = field(default_factory=dict)
    matcher: re.Pattern[str] | None = None
    """Finds hollow phrases and those that are one notion."""

    def read(self, text: str) -> Reading:
        tokens = self._tokens(text)
        plain = " ".join(tokens)
        if len(tokens) > 1 and tokens[0] == "no" and tokens[1] in self.openers:
            tokens = tokens[1:]
        if self.matcher is not None:
            joined = self.matcher.sub(lambda hit: self.phrases[hit[0]], " ".join(tokens))
            tokens = joined.split()
        numbers: set[str] = set()
        words: dict[str, Word] = {}
        members: dict[int, str] = {}
        said: list[str] = []
        negated = False
        for token in self._counted(tokens):
            if token[0].isdigit():
                numbers.add(token)
            if token in self.negations:
                negated = True
                continue
            weight = self.weights.get(token, FULL)
            if weight == SILENT:
                continue
            said.append(token)
            stem = self.stem(token)
            words.setdefault(stem, Word(stem, weight))
            group = self.contrasts.get(stem)
            if group is not None:
                members[group] = stem
        return Reading(
            plain=plain,
            said=" ".join(sorted(said)),
            words=tuple(words.values()),
            negated=negated,
            numbers=frozenset(numbers),
            members=members,
        )

    def read_all(self, text: str) -> Iterator[Word]:
        """The words of a text of any length, as often as they stand there."""
        for token in _WORD.findall(fold(text)):
            weight = self.weights.get(token, FULL)
            if weight != SILENT:
                yield Word(self.stem(token), weight)

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

    def _tokens(self, text: str) -> list[str]:
        folded = fold(text[-LONGEST:]).replace("’", "'")
        for short, full in self.expansions:
            if short in folded:
                folded = folded.replace(short, full)
        return [token.replace("'", "") for token in _WORD.findall(folded)]

    def _counted(self, tokens: list[str]) -> Iterable[str]:
        """Numerals as digits: "two hundred" is 200, "four eight two one" is 4821."""
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
    phrases = {phrase[0]: " " for phrase in _lists(tree["hollow"])}
    pairs = _pairs(tree["phrases"])
    for notion, said in pairs.items():
        phrases.update(dict.fromkeys((item.text for item in _items(said)), notion))
    ordered = sorted(phrases, key=len, reverse=True)
    return Lexicon(
        weights=weights,
        same=same,
        contrasts=contrasts,
        negations=frozenset(_words(tree["negations"])),
        openers=frozenset(item.text for item in _items(tree["openers"])),
        numerals=_numerals(_pairs(tree["numbers"])),
        joiner=_text(_pairs(tree["numbers"])["joiner"]),
        endings=endings,
        expansions=tuple(
            (short, _text(full)) for short, full in _pairs(tree["expansions"]).items()
        ),
        phrases=phrases,
        matcher=re.compile(r"\b(?:" + "|".join(map(re.escape, ordered)) + r")\b"),
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
