import io

import orjson
from rich.console import Console

from agent.replaying.comparison import KEYS, MASKED, NO_TURN, Row
from agent.replaying.page import Replayed, as_json, show
from agent.replaying.turns import Turn

WAS = Turn(1, "Is it [fine]?", False, False, "knowledge", 0.9, "weather", "Yes.", 0.7, ())
IS = Turn(1, "Is it [fine]?", False, False, "model", 0.3, "weather", "It is.", 0.9, ())
ROWS = (
    Row("same", WAS, WAS),
    Row("other", WAS, IS),
    Row("other", WAS, None, NO_TURN),
    Row("left_out", WAS, None, MASKED),
    Row("left_out", WAS, None, KEYS),
)


def printed(replayed: Replayed) -> list[str]:
    console = Console(file=io.StringIO(), width=120, highlight=False)
    show(replayed, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_what_differs_stands_below_each_other_and_is_marked() -> None:
    lines = printed(Replayed(ROWS[1:2], {}, {}))
    assert lines[:7] == [
        "turn 1 ≠",
        "  heard       Is it [fine]?",
        "  route then  knowledge 0.90 weather",
        "        now   model 0.30 weather ≠",
        "  said  then  Yes.",
        "        now   It is. ≠",
        "  after       0.70 s, now 0.90 s",
    ]


def test_a_turn_that_is_left_out_says_why() -> None:
    lines = printed(Replayed(ROWS, {}, {}))
    assert f"turn 4 left out {MASKED}" in lines
    assert f"turn 5 left out {KEYS}" in lines


def test_the_last_line_counts_what_went_another_way() -> None:
    assert printed(Replayed(ROWS, {}, {}))[-1] == (
        "2 of 3 turns went another way; 2 turns left out"
    )
    assert printed(Replayed(ROWS[:1], {}, {}))[-1] == "0 of 1 turn went another way"


def test_only_a_call_whose_every_turn_went_the_same_way_is_alike() -> None:
    assert Replayed((ROWS[0], *ROWS[3:]), {}, {}).alike
    assert not Replayed(ROWS[:2], {}, {}).alike
    assert not Replayed(ROWS[:1], {}, {}, "the call ended before the caller could speak").alike


def test_json_has_what_the_page_has() -> None:
    told = orjson.loads(as_json(Replayed(ROWS, {"ears": "whisper"}, {"ears": "deepgram"})))
    assert (told["same"], told["other"], told["left_out"]) == (1, 2, 2)
    assert told["turns"][1]["differs"] == ["route", "said"]
    assert told["turns"][2]["now"] is None
    assert told["providers"] == {"then": {"ears": "whisper"}, "now": {"ears": "deepgram"}}
