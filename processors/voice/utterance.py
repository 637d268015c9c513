"""How much of one sentence has been made, by whichever voice: what the next one has to say."""

import re

from processors.voice.client import SECOND, Sound, Word

CHARACTERS = 14.0
"""Characters a second of ordinary speech, where a voice gives no word times."""

_WORD = re.compile(r"\S+")


class Utterance:
    """One sentence. Seconds count from its first sample; `done` counts characters of its text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.done = 0
        self.seconds = 0.0
        self.told = False
        """Its words go out one by one; otherwise one text frame follows the whole sentence."""
        self.asked = False
        """Of a voice: it was not spoken ahead."""
        self._from = 0
        self._since = 0.0
        self._timed = True

    @property
    def rest(self) -> str:
        """What is still to be spoken."""
        return self.text[self.done :].lstrip()

    @property
    def sounding(self) -> bool:
        """The voice that is at work has given audio."""
        return self.seconds > self._since

    def begin(self) -> None:
        """A voice starts on the rest."""
        self.done = len(self.text) - len(self.rest)
        self._from, self._since, self._timed = self.done, self.seconds, True

    def take(self, sound: Sound) -> list[Word]:
        """Counts what leaves; its words, timed from the sentence's first sample."""
        if not sound.pcm and not sound.words:
            return []  # it is at work, that is all
        self.seconds += len(sound.pcm) / SECOND
        if sound.done is None:
            self._timed = False
        else:
            self.done = self._from + sound.done
        if sound.words:
            self.told = True
        return [Word(word.text, self._since + word.at) for word in sound.words]

    def broke(self) -> list[Word]:
        """The voice failed: the words it had said, by estimate where it gave no times."""
        seconds = self.seconds - self._since
        if self._timed or not seconds:
            return []
        spoken = self.text[self._from : self._from + int(seconds * CHARACTERS)]
        if self._from + len(spoken) < len(self.text):
            spoken = spoken[: spoken.rfind(" ") + 1]
        self.done = self._from + len(spoken)
        self.told = self.told or bool(spoken)
        return spread(spoken, self._since, seconds)

    def complete(self) -> list[Word]:
        """The voice said everything; the words that nobody has timed yet, if they are needed."""
        untimed = not self._timed and self.told
        words = spread(self.text[self._from :], self._since, self.seconds - self._since)
        self.done = len(self.text)
        return words if untimed else []


def spread(text: str, start: float, seconds: float) -> list[Word]:
    """Words timed by their share of the characters."""
    each = seconds / max(len(text), 1)
    return [Word(m.group(), start + m.start() * each) for m in _WORD.finditer(text)]
