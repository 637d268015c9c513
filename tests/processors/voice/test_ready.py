"""Speech made ahead: at once when it is wanted, paid for once, and never at a call's expense."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.chain import Fault
from processors.voice.archive import Archive
from processors.voice.client import SECOND, Client, Script, Sound
from processors.voice.local import Local
from processors.voice.making import named
from processors.voice.ready import Ready
from processors.voice.spelling import Spelling
from tests import eventually
from tests.processors.voice.scripted import Scripted

GREETING = "Good morning. How can I help you?"
ANSWER = "The excess is what you pay yourself."
TEXTS = [(GREETING, "en"), (ANSWER, "en")]
SENTENCES = ["Good morning.", "How can I help you?", ANSWER]


async def until(condition: Callable[[], bool]) -> None:
    """However busy the machine is."""
    await eventually.until(condition, within=30.0)


@asynccontextmanager
async def making(
    folder: Path,
    *clients: Client,
    texts: Sequence[tuple[str, str]] = TEXTS,
    calm: Callable[[], bool] = lambda: True,
    archive: Archive | None = None,
) -> AsyncIterator[Ready]:
    ready = Ready(
        archive or Archive(folder), clients, lambda: texts, calm=calm, share=1.0, settle=0.0
    )
    ready.start()
    try:
        yield ready
    finally:
        await ready.close()


async def made(ready: Ready) -> None:
    await until(lambda: 0 < ready.wanted == ready.made)


async def spoken(ready: Ready, client: Client, text: str) -> float:
    """Seconds of it."""
    async with aclosing(ready.speak(client, Script(text, "en"))) as sounds:
        return sum([len(sound.pcm) / SECOND async for sound in sounds])


async def test_every_sentence_is_made_once_in_the_order_of_the_texts(tmp_path: Path) -> None:
    voice = Scripted()
    async with making(tmp_path, voice) as ready:
        await made(ready)
        speech = await ready.find(voice, Script(ANSWER, "en", call="CA7"))
    assert speech is not None
    assert speech.size == pytest.approx(len(ANSWER) / 14 * 8000, abs=2)
    assert [script.text for script in voice.asked] == SENTENCES


async def test_the_next_process_finds_it_and_asks_nobody(tmp_path: Path) -> None:
    async with making(tmp_path, Scripted()) as ready:
        await made(ready)
    voice = Scripted()
    async with making(tmp_path, voice) as ready:
        await made(ready)
        assert await ready.warm(GREETING, "en")
    assert voice.asked == []


async def test_names_of_files_tell_nothing(tmp_path: Path) -> None:
    async with making(tmp_path, Scripted()) as ready:
        await made(ready)
    names = Archive(tmp_path).scan()
    assert len(names) == len(SENTENCES)
    assert all(len(name) == 40 and int(name, 16) for name in names)


async def test_nothing_is_found_of_another_voice_language_or_pace(tmp_path: Path) -> None:
    voice = Scripted()
    script = Script(ANSWER, "en")
    async with making(tmp_path, voice) as ready:
        await made(ready)
        assert await ready.find(Scripted("other"), script) is None
        assert await ready.find(voice, replace(script, language="es")) is None
        assert await ready.find(voice, replace(script, pace=0.8)) is None


async def test_new_texts_are_made_and_the_old_are_kept(tmp_path: Path) -> None:
    voice, texts = Scripted(), list(TEXTS)
    async with making(tmp_path, voice, texts=texts) as ready:
        await made(ready)
        texts[:] = [(GREETING, "en"), ("Hola.", "es")]
        ready.changed()
        await until(lambda: len(voice.asked) == len(SENTENCES) + 1)
        await until(lambda: ready.made == ready.wanted == 3)
    assert voice.asked[-1] == Script("Hola.", "es")
    assert len(Archive(tmp_path).scan()) == len(SENTENCES) + 1


async def test_a_call_listens_in_to_what_is_being_made(tmp_path: Path) -> None:
    voice = Scripted(script=[0.1, None])
    async with making(tmp_path, voice) as ready:
        await until(lambda: bool(voice.asked))
        async with aclosing(ready.speak(voice, Script(SENTENCES[0], "en"))) as sounds:
            first = await anext(sounds)
        assert len(first.pcm) == int(0.1 * SECOND)
        assert len(voice.asked) == 1


async def test_what_a_call_asked_for_is_kept_although_it_hung_up(tmp_path: Path) -> None:
    voice = Scripted(script=[0.1, 0.1])
    async with making(tmp_path, voice, calm=lambda: False) as ready:
        await until(lambda: ready.wanted > 0)
        async with aclosing(ready.speak(voice, Script(ANSWER, "en"))) as sounds:
            await anext(sounds)
        await until(lambda: ready.made == 1)
        assert await spoken(ready, voice, "Not wanted ahead.") == pytest.approx(0.2)
        speech = await ready.find(voice, Script(ANSWER, "en"))
    assert speech is not None
    assert speech.size == 1600
    assert [script.text for script in voice.asked] == [ANSWER, "Not wanted ahead."]


async def test_nothing_is_made_while_there_is_no_calm(tmp_path: Path) -> None:
    voice, calm = Scripted(), [False]
    looked: list[bool] = []

    def look() -> bool:
        looked.append(calm[0])
        return calm[0]

    async with making(tmp_path, voice, calm=look) as ready:
        await until(lambda: len(looked) > 1)
        assert voice.asked == []
        calm[0] = True
        await made(ready)


async def test_free_work_for_nobody_gives_way_to_a_call(tmp_path: Path) -> None:
    voice = Scripted(script=[0.1, None])
    voice.metered = False
    async with making(tmp_path, voice) as ready:
        await until(lambda: bool(voice.asked))
        voice.script = [0.2]
        assert await spoken(ready, voice, "Somebody is waiting for this.") == pytest.approx(0.2)
        await until(lambda: voice.closed >= 2)
        await made(ready)
    assert sorted(s.text for s in voice.asked[2:]) == sorted(SENTENCES)


async def test_paid_work_is_never_broken_off(tmp_path: Path) -> None:
    voice, other = Scripted(script=[0.1, None]), Scripted("other")
    async with making(tmp_path, voice) as ready:
        await until(lambda: bool(voice.asked))
        await spoken(ready, other, "Somebody is waiting for this.")
        assert voice.closed == 0


async def test_a_voice_that_fails_ahead_is_not_taken_from_the_calls(tmp_path: Path) -> None:
    voice = Scripted(script=[Fault("limited", retry_after=30.0)])
    async with making(tmp_path, voice) as ready:
        await until(lambda: bool(voice.asked))
        await until(lambda: voice.closed == 1)
        assert not voice.breaker.open
        voice.script = ()
        assert await spoken(ready, voice, ANSWER) > 0
        assert [script.text for script in voice.asked] == [SENTENCES[0], ANSWER]


async def test_a_refused_account_is_not_asked_again(tmp_path: Path) -> None:
    voice = Scripted(script=[Fault("denied", permanent=True)])
    texts = list(TEXTS)
    async with making(tmp_path, voice, texts=texts) as ready:
        await until(lambda: voice.closed == 1)
        voice.script = ()
        ready.changed()  # somebody has changed something
        await made(ready)
    assert len(voice.asked) == 1 + len(SENTENCES)


async def test_a_disk_that_takes_nothing_is_not_paid_for_twice(tmp_path: Path) -> None:
    voice = Scripted()
    async with making(tmp_path, voice, archive=Archive(tmp_path, most=100)) as ready:
        await until(lambda: bool(voice.asked))
        await until(lambda: voice.closed == 1)
        await spoken(ready, voice, ANSWER)
    assert [script.text for script in voice.asked] == [SENTENCES[0], ANSWER]


async def test_what_is_about_to_be_said_is_made_before_all_else(tmp_path: Path) -> None:
    voice = Scripted()
    async with making(tmp_path, voice, calm=lambda: False) as ready:
        await until(lambda: ready.wanted > 0)
        assert not await ready.warm(ANSWER, "en")
        assert not await ready.warm("Nobody wants this ahead.", "en")
        await until(lambda: ready.made == 1)
        assert await ready.warm(ANSWER, "en")
    assert [script.text for script in voice.asked] == [ANSWER]


class Engine:
    def speak(self, text: str, pace: float = 1.0) -> Iterator[bytes]:
        yield from ()


async def test_a_pronunciation_makes_another_sound_of_its_own_texts_alone() -> None:
    def name(text: str, **pronunciations: str) -> str:
        engines = {"en": Engine()}
        local = Local(["en"], spelling=Spelling({"en": pronunciations}), engines=engines)
        try:
            return named(local, Script(text, "en"))
        finally:
            local.close()

    assert name("Ask Wynn.", Wynn="win") != name("Ask Wynn.")
    assert name("Ask Ann.", Wynn="win") == name("Ask Ann.")


async def test_sounds_come_while_they_are_made(tmp_path: Path) -> None:
    """The first of them is not held back until the sentence is whole."""
    voice = Scripted(script=[0.1, None])
    async with making(tmp_path, voice, calm=lambda: False) as ready:
        await until(lambda: ready.wanted > 0)
        async with aclosing(ready.speak(voice, Script(ANSWER, "en"))) as sounds:
            assert isinstance(await anext(sounds), Sound)


async def test_two_calls_at_once_pay_once(tmp_path: Path) -> None:
    voice = Scripted()
    async with making(tmp_path, voice, calm=lambda: False) as ready:
        await until(lambda: ready.wanted > 0)
        first, second = await asyncio.gather(*(spoken(ready, voice, ANSWER) for _ in range(2)))
    assert first == second > 0
    assert len(voice.asked) == 1
