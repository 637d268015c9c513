"""A filler gives way to the answer as long as it does not sound."""

import pytest

from knowledge.chain import Fault
from knowledge.events import nowhere
from processors.contract.bench import UP, Bench
from processors.frames import UnspokenFrame, speech
from processors.voice.service import Voice
from tests.eventually import until
from tests.processors.voice.scripted import Scripted
from tests.processors.voice.test_service import BUSY, FIRST, Heard, hear


async def test_an_answer_takes_the_place_of_a_filler_that_does_not_sound_yet() -> None:
    slow = Scripted(script=[None])
    voice = Voice([slow], call="CA1", emit=nowhere, first=BUSY)
    async with Bench(voice, soon=BUSY) as bench:
        for frame in speech("One moment.", "en", remembered=False, route="filler"):
            await bench.send(frame)
        await until(lambda: len(slow.asked) == 1)
        slow.script = []
        for frame in speech(FIRST, "en", turn=1):
            await bench.send(frame)
        assert await bench.settle()
        heard = Heard(list(bench.got()), list(bench.got(UP)), [])
    assert [script.text for script in slow.asked] == ["One moment.", FIRST]
    assert heard.text == FIRST
    assert heard.seconds == pytest.approx(len(FIRST) / 14, rel=0.1)
    assert slow.closed == 2


async def test_a_filler_that_sounds_is_spoken_to_its_end_and_then_the_answer() -> None:
    voice = Voice([Scripted()], call="CA1", emit=nowhere, first=BUSY)
    async with Bench(voice, soon=BUSY) as bench:
        for text in ("One moment.", "Just a second."):
            for frame in speech(text, "en", remembered=False, route="filler"):
                await bench.send(frame)
            assert await bench.settle()
            for frame in speech(FIRST, "en", turn=1):
                await bench.send(frame)
            assert await bench.settle()
        heard = Heard(list(bench.got()), list(bench.got(UP)), [])
    assert heard.text == f"One moment. {FIRST} Just a second. {FIRST}"
    remembered = [word.text for word in heard.words if word.append_to_context]
    assert remembered == [FIRST, FIRST]


async def test_of_a_filler_that_nobody_could_speak_nothing_is_said_by_other_means() -> None:
    mute = Scripted(script=[Fault("refused")])
    heard = await hear([mute], speech("One moment.", "en", remembered=False, route="filler"))
    assert not [frame for frame in heard.down if isinstance(frame, UnspokenFrame)]
