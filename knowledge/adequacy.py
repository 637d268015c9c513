"""How probable it is that a translation says what was said, by signs that can be measured.

The weights are fitted by `python -m benchmarks.adequacy` on the shipped phrasings with their twins
in the other language, and on what was made wrong of them on purpose; `tests/benchmarks` holds them
to pairs that took no part in it. A good translation is taken to be as likely as a bad one.
"""

import re
from collections import Counter
from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

from knowledge.glossary import Glossary
from knowledge.privacy.kinds import listed
from knowledge.privacy.numerals import numerals, tokens
from knowledge.words import fold, lexicon

_PLACE = re.compile(r"\[[a-z ]+\]")
_NAME = re.compile(r"(?<=[a-zà-ÿ,] )[A-ZÀ-Þ][a-zà-ÿ]{2,}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_TALK = re.compile(
    r"""^\W*(sure|certainly|of\ course|here\ (is|you)|here's|translation|translated|claro
        |por\ supuesto|aqui\ (esta|tiene)|traduccion|traducido)\b[^.!?]*[:!,]
    |\b(translat(e[sd]?|ions?)|traduc(e|ir|ido|cion(es)?))\b
    |\bas\ an?\ (ai|assistant|language\ model)\b|\b(soy|como)\ un\ (asistente|modelo)\b
    |\bi\ (cannot|can't|am\ unable\ to)\ (help|assist)\b""",
    re.VERBOSE,
)
"""How a model begins that talks about the translation, or has not made one."""
_ARTICLES = frozenset({"0", "1"})
"""`un`, `una`, `one`: as often an article as a number."""
_MANY = 2
_BESIDE = 20
"""Characters that are added to both lengths: of short texts they say little."""
_FEW = 3
_RELATED = 0.3
"""Share of a sentence's words that are at most written the same in two languages."""
ALIKE = 0.6
"""Cosine from which more of it makes nothing surer."""
_COMMON = listed("""
    monday tuesday wednesday thursday friday saturday sunday january february march april may june
    july august september october november december english spanish
    """)
"""Capitals that English has and Spanish has not."""


class Signs(NamedTuple):
    """Each is 0 where all is as it should be."""

    terms: float
    """How many of the glossary's are not said as they should be; two are many."""
    exchanged: float
    """And on the way back, of the translation's terms one is not in the original either."""
    number: float
    place: float
    """A masked place."""
    negation: float
    name: float
    """One that is lost or that nobody has said."""
    length: float
    """Square of the logarithm of how many times as long it is."""
    same: float
    """Share of the words, beyond what related languages share, that stand in the original too."""
    talk: float
    """A model's own words."""

    unlike: float
    """By how much less than `ALIKE` they mean the same, as the built-in embedding sees it; 0 where
    nobody has looked."""


@dataclass(frozen=True, slots=True)
class Fit:
    base: float
    weights: Signs


BY_FORM = Fit(
    base=3.08,
    weights=Signs(
        terms=-2.28,
        exchanged=-1.25,
        number=-3.45,
        place=-6.2,
        negation=-3.71,
        name=-4.05,
        length=-21.55,
        same=-14.29,
        talk=-6.3,
        unlike=0.0,
    ),
)
BY_MEANING = Fit(
    base=3.74,
    weights=Signs(
        terms=-2.59,
        exchanged=-1.47,
        number=-3.79,
        place=-5.22,
        negation=-4.22,
        name=-3.94,
        length=-17.66,
        same=-14.86,
        talk=-6.73,
        unlike=-11.84,
    ),
)
"""Where an embedding has looked at both."""


def confidence(
    original: str,
    translated: str,
    source: str,
    target: str,
    glossary: Glossary,
    *,
    alike: float | None = None,
) -> float:
    """In [0, 1]. `source`, `target`: two letters. `alike`: the cosine of what both mean."""
    fit = BY_FORM if alike is None else BY_MEANING
    found = signs(original, translated, source, target, glossary, alike=alike)
    odds = fit.base + sum(weight * sign for weight, sign in zip(fit.weights, found, strict=True))
    return round(1.0 / (1.0 + exp(-odds)), 4)


def signs(
    original: str,
    translated: str,
    source: str,
    target: str,
    glossary: Glossary,
    *,
    alike: float | None = None,
) -> Signs:
    lost = len(glossary.missing(original, translated, source, target))
    return Signs(
        terms=min(lost, _MANY),
        exchanged=lost > 0 and bool(glossary.missing(translated, original, target, source)),
        number=_numbers(original) != _numbers(translated),
        place=Counter(_PLACE.findall(original)) != Counter(_PLACE.findall(translated)),
        negation=lexicon(source).read(original).negated != lexicon(target).read(translated).negated,
        name=_lost(original, translated) or _lost(translated, original),
        length=_length(original, translated),
        same=_same(original, translated, glossary),
        talk=bool(_TALK.search(fold(translated))) and not _TALK.search(fold(original)),
        unlike=0.0 if alike is None else max(0.0, ALIKE - alike),
    )


def _numbers(text: str) -> Counter[str]:
    return Counter(one.digits for one in numerals(tokens(text)) if one.digits not in _ARTICLES)


def _lost(one: str, other: str) -> bool:
    known, names = fold(other), map(fold, _NAME.findall(one))
    return any(name not in known and name.removesuffix("s") not in _COMMON for name in names)


def _length(original: str, translated: str) -> float:
    before, after = len(original.strip()), len(translated.strip())
    return log((after + _BESIDE) / (before + _BESIDE)) ** 2


def _same(original: str, translated: str, glossary: Glossary) -> float:
    """Of few words that are nobody's name nothing is said."""
    kept = {fold(word) for word in (*glossary.keep, *_NAME.findall(original))}
    said = [word for word in _WORD.findall(_PLACE.sub(" ", fold(translated))) if word not in kept]
    known = set(_WORD.findall(fold(original)))
    if len(said) < _FEW:
        return 0.0
    return max(0.0, sum(word in known for word in said) / len(said) - _RELATED)
