"""Which language a caller speaks: by words, by the recogniser's tag, by what was spoken before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from types import MappingProxyType

from knowledge.language import Detector, Guess
from knowledge.strangers import Strangers

_UNSAID = re.compile(r"\[[a-z ]+\]|\d+")
"""Masked words and figures are of no language."""
_WORD = 1.7
"""Most that one word speaks for a language, as log-odds: one odd word changes nothing."""
_FUSED = 0.5
"""Weight of the large model's opinion on which of our own languages it is."""
_LEAST = 0.01
_TAGGED = log(4)
"""Log-odds that a recogniser's tag is worth."""
_FIRST = log(1.5)
"""For the company's own language, at a call's first words."""
_SPOKEN, _SETTLED = log(6), log(20)
"""For the language of the turn before: few callers switch, and the longer the fewer."""
_TURNS = 2
"""Turns after which a language is settled."""
_STRANGE, _STRANGE_SHORT = 0.5, 0.6
"""Least share, by the large model, of a language that is none of ours; of one or two words."""
_FAMILIAR, _HARDLY, _PARTLY = 0.5, 0.25, 0.75
"""Shares of the words that are known to be ours."""
_DOUBTED = 0.45
"""The large model gives one of ours no more, and no word is known: it is none of them."""
_CERTAIN = 0.9
_SHORT, _LONG = 2, 6
"""Words."""
_OURS = re.compile(r"[a-zñáéíóúü'’\W\d_]*", re.IGNORECASE)
"""Letters of English and Spanish."""
_LATIN = re.compile(r"[a-z\u00c0-\u024f\u1e00-\u1eff]", re.IGNORECASE)
_SUREST = 0.999
_NOTHING: Mapping[str, float] = MappingProxyType({})


class Languages:
    """What tells languages apart: one for all calls of a process."""

    def __init__(self, detector: Detector, ours: Sequence[str], strangers: Strangers) -> None:
        """`ours`: two letters each, the company's own first."""
        self.ours = tuple(ours)
        self._detector = detector
        self._strangers = strangers

    def guess(self, text: str, prior: Mapping[str, float] = _NOTHING) -> Guess:
        """One of ours, or any other two or three letters where it is surely none of ours.

        `prior`: log-odds by language, for what speaks beside the words.
        """
        plain = _UNSAID.sub(" ", text)
        words = sum(any(map(str.isalpha, word)) for word in plain.split())
        shares = self._strangers.shares(plain) if words else {}
        if (stranger := self._stranger(plain, words, shares)) is not None:
            return stranger
        told = self._detector.evidence(plain)
        evidence = {
            language: told.get(language, min(told.values(), default=0.0))
            + _FUSED * log(max(shares.get(language, 0.0), _LEAST))
            for language in self.ours
        }
        least = max(evidence.values()) - _WORD * words
        scores = {
            language: max(score, least) + prior.get(language, 0.0)
            for language, score in evidence.items()
        }
        language = max(scores, key=lambda code: scores[code])
        rest = sum(exp(max(score - scores[language], -60.0)) for score in scores.values())
        return Guess(language, min(1.0 / rest, _SUREST))

    def _stranger(self, plain: str, words: int, shares: Mapping[str, float]) -> Guess | None:
        """The large model knows many languages and our own less well than we do: it is believed
        where few of the words, or of the letters, are ours."""
        own = max((shares.get(language, 0.0) for language in self.ours), default=0.0)
        others = {code: share for code, share in shares.items() if code not in self.ours}
        language = max(others, key=lambda code: others[code], default="")
        share, known = others.get(language, 0.0), self._detector.known(plain)
        letters = sum(letter.isalpha() for letter in plain)
        written = letters > 0 and len(_LATIN.findall(plain)) * 2 < letters
        strange = (
            written
            or (known <= _FAMILIAR and share >= (_STRANGE_SHORT if words <= _SHORT else _STRANGE))
            or (words >= _SHORT and known == 0 and own < _DOUBTED)
            or (words > _SHORT and known <= _HARDLY and own < _FAMILIAR)
            or (words >= _LONG and known <= _PARTLY and share >= _CERTAIN)
            or (not _OURS.fullmatch(plain) and known <= _PARTLY and share > own)
        )
        if not strange:
            return None
        return Guess(language or "und", min(max(share, 1.0 - own), _SUREST))


@dataclass(slots=True)
class Speaking:
    """One caller's language, stable against an odd word."""

    languages: Languages | None
    """None: only the recogniser tells."""
    language: str
    """Of the turn before; the company's own until the caller has spoken."""
    turns: int = 0
    """So many in a row in that language."""

    def heard(self, text: str, tag: str = "") -> Guess:
        """A whole turn, in the language of which the caller is answered. A language that is none of
        ours leaves the caller's own as it was."""
        guess = self.hears(text, tag)
        if self.languages is None or guess.language in self.languages.ours:
            self.turns = self.turns + 1 if guess.language == self.language else 1
            self.language = guess.language
        return guess

    def hears(self, text: str, tag: str = "") -> Guess:
        """The same of words that may not be all. `tag`: the language that the recogniser reports,
        "" where it tells none."""
        if self.languages is None:
            return Guess(tag or self.language, 1.0)
        weight = _SETTLED if self.turns >= _TURNS else _SPOKEN if self.turns else _FIRST
        prior = {self.language: weight}
        if tag:
            prior[tag] = prior.get(tag, 0.0) + _TAGGED
        return self.languages.guess(text, prior)
