"""The sweep with few calls; `make sweep` has two hundred. And that it finds what it looks for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loguru import logger

from agent.watch import lines
from knowledge.events import Decided
from knowledge.posting import post
from knowledge.recollection import key
from knowledge.records import packed, unpacked
from tests.sweep.canaries import DIGITS, Canary, found, told
from tests.sweep.sweep import Field, opened

pytestmark = pytest.mark.wire

CALLS = 6
CARD = Canary("card", "4111222233334444")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    logger.remove()


async def test_nothing_that_callers_told_is_kept_and_nothing_of_them_once_erased(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as field:
        await field.converse(CALLS)
        kept = await field.places()
        assert await field.hits() == []
        for place, trace in (
            ("redis", "[card number]"),
            ("database", field.sids[0]),
            ("logs", field.sids[0]),
            ("metrics", "answerline_turns_total"),
            ("events", field.sids[0]),
            ("model", "[card number]"),
        ):
            assert trace in kept[place], f"{place} was not searched"
        tapes = [text for place, text in kept.items() if place.endswith(".jsonl")]
        assert len(tapes) == CALLS, "what was said beside each recording"
        assert "[card number]" in "".join(tapes)
        assert (await _greeted(field)).startswith("Hola"), "who spoke Spanish is greeted so"
        assert await field.erase() == []
        assert not (await _greeted(field)).startswith("Hola"), "nobody knows who that is"
        await _plant(field)
        hit = {place for place, _, _ in await field.hits()}
        assert {"redis", "database", "logs", "events", "data/outbox/aside.txt"} <= hit


async def _greeted(field: Field) -> str:
    """How a caller who spoke Spanish is greeted now."""
    caller = next(caller for caller in field.callers if caller.language == "es")
    sid = await field.worker.converse(replace(caller, utterances=caller.utterances[:1]))
    field.sids.append(sid)
    return field.worker.greetings[sid]


async def _plant(field: Field) -> None:
    """One that was told is kept everywhere, after all."""
    leak = next(canary.value for caller in field.callers for canary in caller.canaries)
    words = " ".join(DIGITS["en"][int(digit)] for digit in leak if digit.isdigit()) or leak
    await field.redis.set(key("CA1"), words)
    event = Decided("CA1", "T1", "knowledge", 0.9, leak, "claims", "en", 0.001)
    async with field.worker.books.database.writing() as connection:
        await post(connection, [unpacked(packed(event, id="T1", at=1.0))])
    field.worker.events.append(event)
    lines.write(event)
    aside = field.folder / "data" / "outbox" / "aside.txt"
    aside.parent.mkdir(exist_ok=True)
    aside.write_text(leak)


@pytest.mark.parametrize(
    "text",
    [
        "4111222233334444",
        "4111-2222-3333-4444 thanks",
        "it is 4111 2222 3333 4444.",
        "and 411122 is how it begins",
        "Four one one, one two two",
        "cuatro uno uno uno dos dos",
        '{"ticket": "x4111222233334444y"}',
        " ".join(DIGITS["es"][int(digit)] for digit in CARD.value[5:12]),
    ],
)
def test_a_canary_is_found_in_every_spelling(text: str) -> None:
    assert found(f"before {text} after", [CARD])


@pytest.mark.parametrize(
    "text",
    [
        "4111 2",
        "four one one one",
        "01a20191-dc75-734e-9a2b-411122223333",
        "PXAT 1795411122223",
        "1795322666.411122",
        "2026-11-22T04:44:26.411122+00:00",
        "CA75e475c1dc5411122ea52dcc85f1178-20261122T041112200Z.wav",
        "CA75e475c1dc5411122ea52dcc85f1178",
        "[card number]",
    ],
)
def test_what_is_too_short_or_made_by_a_machine_is_none(text: str) -> None:
    assert not found(text, [CARD])


def test_an_e_mail_is_found_by_its_name() -> None:
    assert found("write to tafunigeva at example", [Canary("email", "tafunigeva")])


def test_callers_tell_the_same_each_time_and_differ_from_each_other() -> None:
    assert told(7) == told(7)
    assert len({canary.value for seed in range(200) for canary in told(seed).canaries}) > 590
