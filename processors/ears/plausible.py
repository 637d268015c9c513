"""Whether a recogniser's sentence can have been said. Whisper invents speech from noise."""

import math
import re

from knowledge.numbers import DIGITS, TEENS, TENS
from knowledge.words import fold

NO_SPEECH = 0.6
"""Probability of no speech above which an unsure sentence is not believed."""
UNSURE = -1.0
"""Mean log-probability of a token that goes with `NO_SPEECH`."""
HOPELESS = -2.5
"""Below it nothing is believed. A single spoken digit may have -1.8."""
FASTEST = 7.0
"""Words a second that a person can say; the decoder's loops are quicker."""

OFTEN = {1: 8, 2: 4, 3: 4}
"""How often a phrase of so many words must come in a row to be a loop; longer ones thrice."""

SENTENCE = 3
"""Words from which a sentence that is there twice was said once."""
_NUMBERS = DIGITS.keys() | TEENS.keys() | TENS.keys()
"""People read numbers out in equal groups."""

_NOTE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫]")
"""Sounds that subtitles describe."""


def spoken(text: str) -> str:
    """The sentence without notes such as "(beeping)", in single spaces."""
    return " ".join(_NOTE.sub(" ", text).split())


def once(text: str) -> str:
    """Half of a text whose halves are the same words: silence beside a sentence makes the decoder
    say it again. A caller who did say it twice means the same. Numbers stay as they are."""
    words = text.split()
    half = len(words) // 2
    said = [re.sub(r"[^\w']", "", word.lower()) for word in words]
    if half < SENTENCE or said[:half] != said[half:]:
        return text
    if any(fold(word) in _NUMBERS or any(map(str.isdigit, word)) for word in said):
        return text
    return " ".join(words[:half])


def plausible(text: str, seconds: float, score: float, no_speech: float) -> bool:
    """`score`: mean log-probability of a token. `no_speech`: in [0, 1]."""
    words = [word for word in re.split(r"[^\w']+", text.lower()) if word]
    if not words or score < HOPELESS:
        return False
    if no_speech > NO_SPEECH and score < UNSURE:
        return False
    return len(words) <= FASTEST * seconds + 2 and not loops(words)


def loops(words: list[str]) -> bool:
    """One phrase over and over, as a decoder says it that has lost its way."""
    for size in range(1, len(words) // 3 + 1):
        often = OFTEN.get(size, 3)
        run = 0
        for at in range(size, len(words)):
            run = run + 1 if words[at] == words[at - size] else 0
            if run >= size * (often - 1):
                return True
    return False


def confidence(score: float, no_speech: float) -> float:
    """In [0, 1]: how often a sentence with these figures was right on recorded telephone speech."""
    return 1.0 / (1.0 + math.exp(-(3.0 * (score + 1.4) - 2.0 * max(0.0, no_speech - 0.3))))
