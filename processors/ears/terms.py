"""The spelling of the trade's words, where a recogniser wrote down what it heard: "su polisa".

The terms are not given to Whisper as a prompt, which is what it has for this. Measured on recorded
English speech that doubled the errors, since the small model repeats whole sentences after a list
of words, and on Spanish questions it changed nothing.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

_SOUNDS = (
    ("qu", "k"),
    ("ll", "y"),
    ("ch", "x"),
    ("h", ""),
    ("v", "b"),
    ("z", "s"),
    ("ce", "se"),
    ("ci", "si"),
    ("ge", "je"),
    ("gi", "ji"),
)
"""Spanish letters that sound alike on a telephone, as the Americas say them."""
_WORD = re.compile(r"\w+")


class Terms:
    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        """By language. Only Spanish is mended: English spelling does not follow the sound."""
        words = [word for term in terms.get("es", ()) for word in _WORD.findall(term)]
        self._spelling: dict[str, str] = {_sound(word): word for word in words}

    def mend(self, text: str, language: str) -> str:
        if language != "es":
            return text
        return _WORD.sub(self._spelled, text)

    def _spelled(self, match: re.Match[str]) -> str:
        word = str(match[0])
        term = self._spelling.get(_sound(word))
        if term is None:
            return word
        return term.capitalize() if word[0].isupper() else term


def _sound(word: str) -> str:
    letters = unicodedata.normalize("NFD", word.lower())
    sound = "".join(letter for letter in letters if not unicodedata.combining(letter))
    for written, heard in _SOUNDS:
        sound = sound.replace(written, heard)
    return sound
