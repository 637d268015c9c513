"""Text as it is written into text as it is said: money, dates, numbers, letters.

An embedded voice reads «AB-1234567» or «1.250,50 €» wrong or not at all. The rules look at the
original text only, in their order; what one has replaced no later one sees.
"""

import re
from collections.abc import Iterator, Mapping

from processors.voice import english, spanish
from processors.voice.rules import Rule, pieces, rule


class Spelling:
    """English and Spanish in full; any other language only by its pronunciations."""

    def __init__(self, pronunciations: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`pronunciations`: by language, a word as written and as it is to be read."""
        self._rules: dict[str, list[Rule]] = {"en": english.RULES, "es": spanish.RULES}
        for language, words in (pronunciations or {}).items():
            mine = list(_pronunciations(words))
            self._rules[language] = mine + self._rules.get(language, [])

    def spell(self, text: str, language: str) -> str:
        """`language`: two letters."""
        said, last = [], 0
        for piece in pieces(text, self._rules.get(language, ())):
            said += [text[last : piece.start], piece.spoken]
            last = piece.end
        said.append(text[last:])
        return re.sub(r" {2,}", " ", "".join(said)).strip()


def _pronunciations(words: Mapping[str, str]) -> Iterator[Rule]:
    if not words:
        return
    spoken = {written.casefold(): said for written, said in words.items()}
    longest = sorted(words, key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)"

    def say(match: re.Match[str]) -> str | None:
        exact = words.get(match.group())
        if exact is None and match.group().islower() and match.group().upper() in words:
            return None  # «id» is no «ID»
        return exact or spoken[match.group().casefold()]

    yield rule(pattern, say, exact=False)
