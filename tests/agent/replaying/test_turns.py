from agent.replaying.happened import Fields, Happened
from agent.replaying.turns import Turn, turns


def told(kind: str, **fields: object) -> Happened:
    return Happened(at=0.0, kind=kind, fields=Fields.model_validate(fields))


def said(text: str, *, masked: bool = False) -> Happened:
    return told("final", text=text, masked=masked, span=(1.0, 2.0))


PREMIUM = [
    said("What is"),
    said("a premium?"),
    told("turn_taken", turn=1),
    told("decided", route="knowledge", confidence=0.9, entry="premium"),
    told("sentence", turn=1, route="filler", text="One moment."),
    told("sentence", turn=1, route="knowledge", text="It is the price. "),
    told("turn", number=1, route="knowledge", decision=0.5, answer=0.2, text=0.01),
]


def only(events: list[Happened]) -> Turn:
    [one] = turns(events)
    return one


def test_a_turn_has_its_words_its_way_and_its_answer() -> None:
    assert only(PREMIUM) == Turn(
        number=1,
        heard="What is a premium?",
        masked=False,
        keyed=False,
        route="knowledge",
        confidence=0.9,
        entry="premium",
        said="It is the price.",
        voice_to_voice=0.7,
        spans=((1.0, 2.0), (1.0, 2.0)),
    )


def test_what_is_said_when_a_turn_is_over_is_not_its_answer() -> None:
    idle = told("sentence", turn=0, route="phrase", text="Are you still there?")
    assert only([*PREMIUM, idle]).said == "It is the price."


def test_a_turn_that_nobody_decided_has_the_way_it_went() -> None:
    bye = [said("Bye."), told("turn_taken", turn=1), told("turn", number=1, route="goodbye")]
    one = only(bye)
    assert (one.route, one.voice_to_voice) == ("goodbye", None)


def test_one_masked_word_masks_a_turn() -> None:
    words = [said("I am"), said("[name]", masked=True), told("turn_taken", turn=1)]
    assert only(words).masked


def test_keys_that_ask_for_a_person_are_a_turn_of_their_own() -> None:
    asked = [told("key"), told("decided", route="person"), told("turn", number=1, answer=9.0)]
    _, one = turns([*PREMIUM, *asked])
    assert (one.keyed, one.route, one.voice_to_voice) == (True, "person", None)


def test_keys_of_a_number_are_one_turn() -> None:
    typed = [told("key"), told("key"), told("key"), told("turn_taken", turn=2)]
    _, one = turns([*PREMIUM, *typed])
    assert (one.keyed, one.number) == (True, 2)


def test_a_key_that_means_nothing_leaves_the_words_behind_it_alone() -> None:
    one = only([told("key"), *PREMIUM])
    assert (one.keyed, one.route) == (False, "knowledge")


def test_a_call_in_which_nobody_spoke_has_no_turns() -> None:
    assert turns([told("sentence", turn=0, route="phrase", text="Hello."), told("key")]) == []
