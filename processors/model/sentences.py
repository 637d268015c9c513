"""A model's words, token by token, become whole sentences, none of them twice."""

import re

from pipecat.utils.string import match_endofsentence

_END = re.compile(r"[.!?…;][\"'”’»)\]]*\s+\S|\n\s*\S")
"""Cheap test: an end of a sentence is possible only where more text follows it."""
_LINE = re.compile(r"\s*\n\s*(?=\S)")
_SURE_END = re.compile(r"(?:[¿¡]?[\w'’-]+[,;:]?\s+)+(?:[^\W\d_]{3,}\.|[\w'’-]+[!?])")
"""Words to a plain end: no address, no abbreviation with points, no quotes, no brackets."""
_CLOSING = ".!?…\"'”’»)]"


class Sentences:
    """Text in, whole sentences out, as soon as the character after a sentence has come.

    Before that character nobody knows: "3." may become "3.50", "Dr." is followed by a name.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._text = ""
        self._closed = False
        """The sentence before the text was taken early: a second mark of its end is dropped."""

    def add(self, text: str) -> list[str]:
        if self._closed and text:
            text = text.lstrip(_CLOSING)
            self._closed = not text
        self._text += text
        found = []
        while end := self._boundary():
            found.append(self._text[:end].strip())
            self._text = self._text[end:].lstrip()
        return found

    def early(self) -> str:
        """The sentence that ends with what has come, where nobody would doubt it; else "".

        Saves the wait for a token. What could prove it wrong, the ".com" of an address, is one
        token with its point in every vocabulary in use.
        """
        text = self._text.strip()
        if not _SURE_END.fullmatch(text):
            return ""
        if match_endofsentence(f"{text} A", language=self._language) != len(text):
            return ""  # an abbreviation
        self._text, self._closed = "", True
        return text

    def rest(self) -> str:
        """What has come after the last sentence; the text is over, or is not wanted any more."""
        text, self._text = self._text.strip(), ""
        return text

    def _boundary(self) -> int:
        """Where the first sentence ends; 0: it is not known yet."""
        if not _END.search(self._text):
            return 0
        line = _LINE.search(self._text)
        limit = line.start() if line and _wordy(self._text[: line.start()]) else 0
        text = self._text[:limit] if limit else self._text
        start = 0
        while length := match_endofsentence(text[start:], language=self._language):
            start += length
            if start >= len(text.rstrip()):
                break
            if _wordy(text[:start]) and _begins(text, start):
                return start
        return limit


def _wordy(text: str) -> bool:
    """A number with a point alone heads a list; it belongs to what follows."""
    return any(char.isalpha() for char in text)


def _begins(text: str, position: int) -> bool:
    """A sentence may begin here: after a space, and not with a small letter after a full stop."""
    after = text[position:]
    if not after[:1].isspace():
        return False
    closed = text[:position].rstrip("\"'”’»)]")
    return not (closed.endswith((".", "…")) and after.lstrip()[:1].islower())


class Reply:
    """One answer, whoever writes it: what was said of it, by all providers together."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._said: list[str] = []

    @property
    def said(self) -> str:
        return " ".join(self._said)

    def draft(self) -> "Draft":
        """For a provider that is asked now."""
        return Draft(self._said, Sentences(self._language))


class Draft:
    """What one provider writes towards a reply: its whole sentences, less those said before it."""

    def __init__(self, said: list[str], sentences: Sentences) -> None:
        self._said = said
        self._before = frozenset(map(_sound, said))
        self._sentences = sentences

    def add(self, text: str) -> list[str]:
        """Sentences to be spoken now; joined as they are, they read as one text."""
        found = self._sentences.add(text)
        if not found and not self._said and (first := self._sentences.early()):
            found = [first]
        return [self._say(sentence) for sentence in found if self._new(sentence)]

    def finish(self, *, torn: bool) -> list[str]:
        """The last sentence. A torn one is said only where there is nothing better."""
        rest = self._sentences.rest()
        if not rest or (torn and self._said) or not self._new(rest):
            return []
        return [self._say(rest)]

    def _new(self, sentence: str) -> bool:
        return _sound(sentence) not in self._before

    def _say(self, sentence: str) -> str:
        spaced = f" {sentence}" if self._said else sentence
        self._said.append(sentence)
        return spaced


def _sound(sentence: str) -> str:
    """Equal for sentences that sound the same: letters and digits."""
    return "".join(char for char in sentence.casefold() if char.isalnum())
