import pytest

from agent.replaying.stretches import EDGE, RATE, Cue, Stretch, stretches
from tests.agent.replaying.legs import Span, leg


def cut(caller: list[Span], agent: list[Span], noise: float = 0.0) -> list[Stretch]:
    return stretches(leg(*caller, seconds=30.0, noise=noise), leg(*agent, seconds=30.0))


def about(cue: Cue) -> tuple[str, float]:
    return cue.kind, round(cue.seconds, 1)


def test_who_waits_for_the_end_of_an_answer_is_timed_by_its_end() -> None:
    first, second = cut([(3.0, 4.0), (8.0, 9.0)], [(0.5, 2.0), (4.5, 6.5)])
    assert (about(first.cue), about(second.cue)) == (("after", 1.0), ("after", 1.5))


def test_who_talks_into_an_answer_is_timed_by_its_beginning() -> None:
    [one] = cut([(3.0, 4.0)], [(0.5, 1.5), (2.0, 3.3)])
    assert about(one.cue) == ("into", 2.5), "the pause within is no end"


def test_who_asks_again_because_nothing_came_is_timed_by_the_own_words() -> None:
    _, again = cut([(3.0, 4.0), (8.0, 9.0)], [(0.5, 2.0)])
    assert about(again.cue) == ("again", 4.0)


def test_who_speaks_first_is_timed_by_the_beginning_of_the_call() -> None:
    [one] = cut([(1.2, 2.0)], [])
    assert about(one.cue) == ("again", 1.2)


def test_a_pause_within_a_sentence_is_said_as_it_was() -> None:
    [one] = cut([(3.0, 4.0), (5.2, 6.0)], [(0.5, 2.0)])
    assert (one.start, one.end) == pytest.approx((3.0, 6.0), abs=0.02)


def test_a_pause_in_which_the_agent_speaks_parts_what_is_said() -> None:
    first, second = cut([(3.0, 4.0), (5.2, 6.0)], [(0.5, 2.0), (4.2, 5.0)])
    assert (about(first.cue), about(second.cue)) == (("after", 1.0), ("after", 0.2))


def test_noise_of_the_line_is_nothing_that_is_said() -> None:
    [one] = cut([(3.0, 4.0)], [(0.5, 2.0)], noise=300.0)
    assert (one.start, one.end) == pytest.approx((3.0, 4.0), abs=0.02)


def test_a_click_is_nothing_that_is_said() -> None:
    assert cut([(3.0, 3.04)], [(0.5, 2.0)]) == []


def test_a_silent_caller_says_nothing() -> None:
    assert cut([], [(0.5, 2.0)]) == []


def test_what_is_said_has_the_edges_of_its_speech() -> None:
    [one] = cut([(3.0, 4.0)], [])
    assert len(one.pcm) / 2 / RATE == pytest.approx(1.0 + 2 * EDGE, abs=0.03)
    assert one.speech == pytest.approx((EDGE, EDGE + 1.0), abs=0.03)


@pytest.mark.parametrize(
    ("spans", "moved", "within"),
    [
        ([(0.0, 4.2)], 0.0, True),
        ([(0.0, 2.9)], 0.0, False),
        ([(3.8, 6.0)], 0.0, False),
        ([(3.0, 3.2), (3.4, 3.6)], 0.0, True),
        ([(13.0, 14.2)], 10.0, True),
        ([(3.0, 4.0)], 10.0, False),
    ],
)
def test_words_belong_to_what_was_said_meanwhile(
    spans: list[Span], moved: float, within: bool
) -> None:
    [one] = cut([(3.0, 4.0)], [])
    assert one.within(spans, moved=moved) is within
