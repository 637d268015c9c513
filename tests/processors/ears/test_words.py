"""Which words are final, what is owed, and where the next recogniser begins."""

import pytest

from processors.ears.mouth import Heard, Mouth, Word
from processors.ears.ring import RATE, Ring
from processors.ears.words import OVERLAP, Words

SECOND = RATE


class Line:
    """A call's audio and the words in it, each half a second long, without a network."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.ring = Ring()
        self.words = Words()

    def pass_by(self, seconds: float) -> None:
        self.ring.write(bytes(2 * round(seconds * RATE)))

    def connect(self) -> Mouth:
        return Mouth(self.ring, self.words.connected(self.ring.received))

    def heard(self, mouth: Mouth, until: float, *, final: bool, answers: bool = False) -> Heard:
        """What an honest recogniser makes of the audio up to `until` seconds of the call."""
        began = mouth.began / RATE
        words = tuple(
            Word(text, n / 2 - began, (n + 1) / 2 - began)
            for n, text in enumerate(self.texts)
            if n / 2 >= began - 0.1 and (n + 1) / 2 <= until
        )
        text = " ".join(word.text for word in words)
        return Heard(text, words, until - began, final=final, answers=answers)


def test_the_answer_to_the_end_of_speech_is_finalized() -> None:
    line = Line("how", "much", "is", "it")
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(2.0)
    assert line.words.ceased(line.ring.received, 0.3) is False
    assert line.words.owed
    said = line.words.take(line.heard(mouth, 2.0, final=True, answers=True), mouth)
    assert said is not None
    assert (said.text, said.finalized) == ("how much is it", True)
    assert line.words.idle


def test_a_final_amid_speech_is_not_finalized() -> None:
    line = Line("how", "much")
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(1.0)
    said = line.words.take(line.heard(mouth, 1.0, final=True, answers=True), mouth)
    assert said is not None
    assert not said.finalized


def test_nothing_is_owed_where_the_words_were_final_before_the_speech_ended() -> None:
    line = Line("yes", "please")
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(0.9)
    line.words.take(line.heard(mouth, 1.0, final=True), mouth)
    assert line.words.ceased(line.ring.received, 0.2) is True
    assert line.words.idle


def test_an_answer_that_comes_when_the_caller_speaks_again_ends_no_turn() -> None:
    line = Line("yes", "and", "then", "so")
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(0.5)
    line.words.ceased(line.ring.received, 0.2)
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    said = line.words.take(line.heard(mouth, 0.8, final=True, answers=True), mouth)
    assert said is not None
    assert not said.finalized
    assert not line.words.owed
    assert line.words.speaking


@pytest.mark.parametrize("broke", [0.5, 1.0, 1.4, 1.9])
def test_the_next_connection_loses_no_word_and_doubles_none(broke: float) -> None:
    line = Line("how", "much", "is", "it")
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(1.8)
    texts = []
    if said := line.words.take(line.heard(mouth, broke, final=True), mouth):
        texts.append(said.text)
    again = line.connect()
    line.pass_by(0.3)
    line.words.ceased(line.ring.received, 0.3)
    if said := line.words.take(line.heard(again, 2.2, final=True, answers=True), again):
        texts.append(said.text)
    assert " ".join(texts) == "how much is it"
    assert line.words.idle


def test_a_word_that_the_next_one_hears_a_little_later_is_not_said_twice() -> None:
    line = Line()
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(1.7)
    line.words.take(Heard("no", (Word("no", 0.6, 1.0),), 1.2, final=True), mouth)
    again = line.connect()
    assert again.began == SECOND - OVERLAP
    words = (Word("No,", 0.2, 0.6), Word("wait", 0.7, 0.9))
    said = line.words.take(Heard("No, wait", words, 1.0), again)
    assert said is not None
    assert said.text == "wait"


def test_a_digit_that_is_said_twice_stays_twice() -> None:
    line = Line()
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(1.7)
    line.words.take(Heard("five", (Word("five", 0.6, 1.0),), 1.2, final=True), mouth)
    again = line.connect()
    said = line.words.take(Heard("five", (Word("five", 0.4, 0.8),), 1.0), again)
    assert said is not None
    assert said.text == "five"


def test_a_provider_without_times_loses_nothing_as_long_as_it_lives() -> None:
    line = Line()
    mouth = line.connect()
    texts = []
    for text in ("one", "two", "three"):
        line.pass_by(0.3)
        line.words.began(line.ring.received, 0.2)
        line.pass_by(0.5)
        line.words.ceased(line.ring.received, 0.2)
        said = line.words.take(Heard(text, final=True, answers=True), mouth)
        assert said is not None
        assert said.finalized
        texts.append(said.text)
    assert texts == ["one", "two", "three"]


def test_in_a_quiet_moment_a_connection_begins_just_before_now() -> None:
    line = Line()
    line.pass_by(20.0)
    assert line.ring.received - line.connect().began == SECOND // 2


def test_what_nobody_can_make_words_of_is_given_up() -> None:
    line = Line()
    line.pass_by(1.0)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(1.0)
    line.words.ceased(line.ring.received, 0.2)
    line.words.give_up(line.ring.received)
    assert line.words.idle
    assert line.words.resumed() is None


def test_silence_that_was_listened_to_needs_no_answer() -> None:
    line = Line("yes")
    mouth = line.connect()
    line.pass_by(0.3)
    line.words.began(line.ring.received, 0.2)
    line.pass_by(1.2)
    line.words.take(line.heard(mouth, 1.4, final=True), mouth)
    assert line.words.done == SECOND // 2
    assert line.words.ceased(line.ring.received, 0.2) is True


def test_finals_share_no_sample_and_what_was_given_up_belongs_to_none() -> None:
    line = Line("how", "much", "is", "it")
    mouth = line.connect()
    line.pass_by(2.0)
    first = line.words.take(line.heard(mouth, 1.0, final=True), mouth)
    second = line.words.take(line.heard(mouth, 1.5, final=True), mouth)
    assert first is not None
    assert second is not None
    assert (first.span, second.span) == ((0, SECOND), (SECOND, round(1.5 * SECOND)))
    line.pass_by(2.0)
    line.words.give_up(line.ring.received)
    line.pass_by(2.0)
    later = line.words.take(Heard("yes", until=6.0, final=True, answers=True), mouth)
    assert later is not None
    assert later.span == (4 * SECOND, 6 * SECOND)


def test_who_listens_to_speech_alone_says_where_it_began() -> None:
    line = Line()
    mouth = line.connect()
    line.pass_by(9.0)
    said = line.words.take(Heard("yes", since=3.0, until=5.0, final=True), mouth)
    assert said is not None
    assert said.span == (3 * SECOND, 5 * SECOND)
