"""Both legs of a call, and what of them may be written."""

from agent.line.protocol import RATE
from agent.recording.legs import BEHIND, HOLD, MARGIN, Legs, Piece

SPEECH = b"\x11\x11"
AGENT = b"\x22"
STILL = b"\xff"


def spoken(legs: Legs, seconds: float) -> None:
    legs.heard(SPEECH * round(seconds * RATE))


def silent(piece: Piece, since: float, until: float) -> bool:
    part = piece.caller[2 * round(since * RATE) : 2 * round(until * RATE)]
    return len(part) > 0 and not part.strip(b"\0")


def audible(piece: Piece, since: float, until: float) -> bool:
    part = piece.caller[2 * round(since * RATE) : 2 * round(until * RATE)]
    return part == SPEECH * round((until - since) * RATE) != b""


def samples(seconds: float) -> int:
    return round(seconds * RATE)


def whole(legs: Legs) -> Piece:
    piece = legs.take(whole=True)
    assert piece is not None
    return piece


def test_words_that_were_understood_are_heard_where_they_were_said_and_all_else_is_silent() -> None:
    legs = Legs(0)
    spoken(legs, 4)
    legs.understood(samples(1), samples(2), numbers=False)
    piece = whole(legs)
    assert piece.samples == samples(4)
    assert audible(piece, 1, 2)
    assert silent(piece, 0, 1)
    assert silent(piece, 2, 4)
    assert piece.silenced == 0


def test_what_was_masked_is_silent_with_a_margin_that_no_neighbour_fills() -> None:
    legs = Legs(0)
    spoken(legs, 6)
    legs.understood(0, samples(2), numbers=False)
    legs.masked(samples(2), samples(4))
    legs.understood(samples(4), samples(6), numbers=False)
    piece = whole(legs)
    margin = MARGIN / RATE
    assert audible(piece, 0, 2 - margin)
    assert silent(piece, 2 - margin, 4 + margin)
    assert audible(piece, 4 + margin, 6)
    assert piece.silenced == samples(2 + 2 * margin)


def test_a_number_is_silent_from_its_first_piece_although_that_was_not_masked() -> None:
    legs = Legs(0)
    spoken(legs, 10)
    legs.understood(0, samples(2), numbers=False)
    legs.understood(samples(2), samples(4), numbers=True)
    legs.understood(samples(4), samples(6), numbers=True)
    legs.masked(samples(6), samples(8))
    piece = whole(legs)
    assert audible(piece, 0, 1.5)
    assert silent(piece, 2, 10)


def test_nothing_is_written_before_it_is_known_what_it_was() -> None:
    legs = Legs(0)
    spoken(legs, 30)
    assert legs.take() is None
    legs.understood(0, samples(25), numbers=True)
    piece = legs.take()
    assert piece is not None
    assert piece.samples == samples(25) - BEHIND
    legs.masked(samples(26), samples(30))
    assert silent(whole(legs), 0, 15), "what was held back is silent after all"


def test_speech_that_nobody_understands_is_let_go_in_silence() -> None:
    legs = Legs(0)
    for _ in range(60):
        spoken(legs, 1)
        legs.take()
    assert legs.received - legs.start == HOLD
    spoken(legs, 1)
    legs.understood(0, samples(61), numbers=False)
    piece = whole(legs)
    assert audible(piece, 0, piece.samples / RATE), "only what is still here can be heard"


def test_around_a_key_the_caller_is_silent() -> None:
    legs = Legs(0)
    spoken(legs, 2)
    legs.key()
    spoken(legs, 2)
    legs.understood(0, samples(4), numbers=False)
    piece = whole(legs)
    assert audible(piece, 0, 1.7)
    assert silent(piece, 1.7, 2.3)
    assert audible(piece, 2.3, 4)


def test_the_agent_is_heard_where_it_was_and_not_after_it_was_cleared() -> None:
    legs = Legs(8000)
    spoken(legs, 1)
    legs.sent(AGENT * 480, 8000 + 800)
    legs.sent(AGENT * 480, 8000 + 800 + 490)  # within 20 ms of the end of the first: goes on
    legs.sent(AGENT * 480, 8000 + 4000)
    legs.cleared(8000 + 4080)
    piece = whole(legs)
    assert piece.agent == (
        STILL * 800 + AGENT * 960 + STILL * 2240 + AGENT * 80 + STILL * (8000 - 4080)
    )


def test_the_agents_own_words_are_silent_where_they_are_somebodys() -> None:
    legs = Legs(0)
    spoken(legs, 3)
    legs.sent(AGENT * samples(3), 0)
    legs.hush(samples(1))
    legs.hush(samples(1.5))
    legs.unhush(samples(2))
    first = whole(legs)
    assert first.agent == AGENT * samples(1) + STILL * samples(1) + AGENT * samples(1)
    spoken(legs, 1)
    legs.sent(AGENT * samples(1), samples(3))
    legs.hush(samples(3.5))
    assert whole(legs).agent == AGENT * samples(0.5) + STILL * samples(0.5)


def test_an_agent_that_is_far_ahead_of_a_caller_who_does_not_arrive_is_not_kept() -> None:
    legs = Legs(0)
    for second in range(60):
        legs.sent(AGENT * RATE, second * RATE)
    spoken(legs, 60)
    kept = whole(legs).agent.rstrip(STILL)
    assert len(kept) <= samples(6)
