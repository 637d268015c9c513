"""When a silent caller is asked, and what counts as life."""

from processors.turns.idle import Idle


def idle() -> Idle:
    return Idle(8.0, 30.0, now=100.0)


def test_silence_is_counted_from_the_agents_last_word() -> None:
    one = idle()
    one.agent_spoke(105.0)
    assert one.due(106.0, busy=False, speaking=False) == 7.0
    assert one.due(114.0, busy=False, speaking=False) <= 0


def test_nobody_is_asked_while_the_agent_speaks_or_owes_an_answer() -> None:
    assert idle().due(120.0, busy=True, speaking=False) > 0


def test_words_begin_the_count_again_and_noise_does_not() -> None:
    one = idle()
    one.asked = 2
    one.words(107.0)
    assert one.asked == 0
    assert one.due(108.0, busy=False, speaking=False) == 7.0
    assert one.due(108.5, busy=False, speaking=True) == 6.5


def test_speech_without_words_yet_is_waited_for_but_not_for_ever() -> None:
    one = idle()
    assert one.due(110.0, busy=False, speaking=True) > 0
    assert one.due(139.0, busy=False, speaking=True) <= 0


def test_a_caller_who_asked_for_a_moment_gets_it() -> None:
    one = idle()
    one.wait(100.0, 60.0)
    assert one.due(150.0, busy=False, speaking=False) == 10.0
    one.words(151.0)
    assert one.due(152.0, busy=False, speaking=False) == 7.0
