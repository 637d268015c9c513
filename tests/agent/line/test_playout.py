"""What the caller heard, to the sample, whatever is held, cleared or echoed."""

import pytest

from agent.line.playout import CHUNK, LEAD, Playout, Text

SECOND = 8000


def play(playout: Playout[str], until: float, since: float = 0.0) -> list[bytes]:
    """Sends as the output does, each 20 ms, marks echoed at once."""
    sent, steps = [], int((until - since) / 0.02)
    for step in range(steps):
        now = since + step * 0.02
        while (chunk := playout.next_chunk(now)) is not None:
            sent.append(chunk)
        while playout.next_mark() is not None:
            pass
    return sent


def spoken(seconds: float, start: int = 0) -> bytes:
    return bytes((start + i) % 251 for i in range(int(seconds * SECOND)))


def heard(items: list[Text | str]) -> list[str]:
    return [item.words if isinstance(item, Text) else item for item in items]


def test_audio_leaves_in_order_and_at_most_the_lead_ahead() -> None:
    playout: Playout[str] = Playout()
    audio = spoken(1.0)
    playout.add_audio(audio)
    playout.add_text("One second.", remembered=True)
    sent, ahead = b"", []
    for step in range(100):
        now = step * 0.02
        while (chunk := playout.next_chunk(now)) is not None:
            sent += chunk
            ahead.append(playout.dry(now))
    assert sent == audio
    assert max(ahead) <= LEAD + 1e-9
    assert max(len(sent) for sent in [audio[:CHUNK]]) == CHUNK


def test_a_held_voice_sends_nothing_and_goes_on_from_the_held_sample() -> None:
    playout: Playout[str] = Playout()
    audio = spoken(1.0)
    playout.add_audio(audio)
    playout.add_text("One second.", remembered=True)
    before = play(playout, 0.4)
    playout.held = True
    assert play(playout, 0.8, 0.4) == []
    playout.held = False
    assert b"".join(before + play(playout, 3.0, 0.8)) == audio


def test_a_sentence_is_heard_when_its_mark_comes_back_and_not_before() -> None:
    playout: Playout[str] = Playout()
    playout.add_audio(spoken(0.2))
    playout.add_text("Short.", remembered=True)
    marks = []
    for step in range(15):
        now = step * 0.02
        while playout.next_chunk(now):
            pass
        if (mark := playout.next_mark()) is not None:
            marks.append(mark)
    assert len(marks) == 1
    assert playout.take_played(0.3) == []
    playout.echoed(marks[0], 0.3)
    assert heard(playout.take_played(0.3)) == ["Short."]
    assert not playout.busy


def test_without_any_echo_the_clock_is_believed_after_a_grace() -> None:
    playout: Playout[str] = Playout()
    playout.add_audio(spoken(0.2))
    playout.add_text("Short.", remembered=True)
    playout.add("end")
    play(playout, 0.4)
    assert heard(playout.take_played(0.5)) == []
    assert heard(playout.take_played(1.0)) == ["Short.", "end"]


def test_what_waits_behind_audio_is_given_out_after_it() -> None:
    playout: Playout[str] = Playout()
    playout.add("start")
    assert heard(playout.take_played(0.0)) == ["start"]
    playout.add_audio(spoken(0.5))
    playout.add("end")
    play(playout, 0.3)
    assert heard(playout.take_played(0.3)) == []


def test_an_interrupted_sentence_is_cut_at_a_word_by_its_share_of_samples() -> None:
    playout: Playout[str] = Playout()
    playout.add_audio(spoken(1.0))
    playout.add_text("one two three four five six.", remembered=True)
    play(playout, 0.5)
    texts, waiting = playout.interrupt(0.5)
    assert [text.words for text in texts] == ["one two three"]
    assert waiting == []
    assert playout.next_chunk(0.6) is None
    assert playout.queued == playout.sent


def test_words_that_the_voice_timed_are_cut_at_their_times() -> None:
    playout: Playout[str] = Playout()
    playout.add_audio(spoken(1.0))
    for at, word in ((0.0, "one"), (0.3, "two"), (0.6, "three.")):
        playout.add_word(word, int(at * SECOND), remembered=True)
    play(playout, 0.5)
    texts, _ = playout.interrupt(0.5)
    assert [text.words for text in texts] == ["one", "two"]


def test_a_mark_echoed_by_our_clear_confirms_nothing() -> None:
    playout: Playout[str] = Playout()
    playout.add_audio(spoken(0.1))
    playout.add_text("Gone.", remembered=True)
    marks = []
    while playout.next_chunk(0.0):
        pass
    while playout.next_chunk(0.06):
        pass
    marks.append(playout.next_mark())
    texts, _ = playout.interrupt(0.06)
    assert texts == []
    assert marks[0] is not None
    playout.add_audio(spoken(0.1))
    playout.add_text("New.", remembered=True)
    playout.echoed(marks[0], 0.07)
    assert playout.take_played(0.07) == []


def test_what_must_not_be_lost_comes_back_from_an_interruption() -> None:
    playout: Playout[str] = Playout()
    playout.add_audio(spoken(1.0))
    playout.add("hang up")
    play(playout, 0.1)
    _, waiting = playout.interrupt(0.1)
    assert waiting == ["hang up"]


@pytest.mark.parametrize("sizes", [[160, 160, 160], [7, 320, 1], [5000], [319, 2]])
def test_a_sentence_is_flushed_before_its_mark_whatever_the_blocks(sizes: list[int]) -> None:
    playout: Playout[str] = Playout()
    for size in sizes:
        playout.add_audio(bytes(size))
    playout.add_text("Done.", remembered=True)
    sent = 0
    for step in range(60):
        now = step * 0.02
        while (chunk := playout.next_chunk(now)) is not None:
            sent += len(chunk)
        if playout.next_mark() is not None:
            break
    assert sent == sum(sizes)


def test_a_protected_sentence_is_known_while_it_plays() -> None:
    playout: Playout[str] = Playout()
    playout.add_audio(spoken(0.2), protected=True)
    playout.add_audio(spoken(0.4))
    assert playout.protected(0.0)
    play(playout, 0.5)
    assert playout.protected(0.15)
    assert not playout.protected(0.9)
