"""Short sounds of listening that are no reason to stop talking: "uh-huh", "okay", "ajá", "vale"."""

import re
import unicodedata

_WORDS = {
    "en": """uh huh uhhuh uh-huh mm mmm mhm mm-hmm mmhmm hm hmm okay ok kay right yeah yep yup yes
        sure aha ah oh wow alright i see got it great good nice cool perfect fine exactly
        absolutely true interesting understood gotcha really ha haha""",
    "es": """aja ajá ah aah mm mmm mhm hm vale ya claro sí si bueno bien okay ok de acuerdo
        entiendo entendido perfecto exacto eso anda ajám genial muy cierto correcto eh oh""",
}
_NOISE = re.compile(r"[\[(*<][^\])*>]*[\])*>]")
"""How recognisers write what is not speech: "[cough]", "(laughs)", "*sighs*"."""
_SPLIT = re.compile(r"[^\w'-]+")
SAME = 0.8
"""Share of a transcript's words that must be ours, in order, for it to be our echo."""
LONGEST = 4
"""Words: five words of agreement are already a turn."""


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in folded if not unicodedata.combining(c)).strip("'-_")


_LEXICON = frozenset(_plain(word) for words in _WORDS.values() for word in words.split())


def words_of(text: str) -> list[str]:
    """Lower-case words without accents, noises in brackets left out."""
    return [w for part in _SPLIT.split(_NOISE.sub(" ", text)) if (w := _plain(part))]


def is_backchannel(text: str) -> bool:
    """Whether a transcript, interim or final, holds nothing but sounds of listening.

    Any language's words count in any: a Spanish caller says "okay" too. A question is none.
    """
    if text.rstrip().endswith("?"):
        return False
    words = words_of(text)
    return len(words) <= LONGEST and all(word in _LEXICON for word in words)


def is_echo(text: str, spoken: str, *, heard: bool) -> bool:
    """Whether a transcript is our own sentence come back: its words, in order, in what we said.

    `heard`: the caller's own voice was detected too, so that one common word proves nothing.
    """
    words, ours = words_of(text), words_of(spoken)
    if len(words) < (4 if heard else 1):
        return False
    position = 0
    found = 0
    for word in words:
        if word in ours[position:]:
            position = ours.index(word, position) + 1
            found += 1
    return found >= SAME * len(words)
