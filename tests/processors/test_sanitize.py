"""From here on the caller's words hold nothing unspoken and nothing personal."""

from datetime import date

import pytest
from pipecat.frames.frames import Frame, InterimTranscriptionFrame, TranscriptionFrame

from knowledge.privacy import Redactor
from knowledge.privacy.vault import Vault
from processors.contract import Bench
from processors.frames import CONFIDENCE, DOUBTFUL, LANGUAGE
from processors.sanitize import Sanitize

CARD = "4111 1111 1111 1111"


def final(text: str) -> TranscriptionFrame:
    frame = TranscriptionFrame(text, "caller", "", result={"alternatives": [text]})
    return LANGUAGE.on(CONFIDENCE.on(frame, 0.9), "en")


def interim(text: str) -> InterimTranscriptionFrame:
    return InterimTranscriptionFrame(text, "caller", "", result={"alternatives": [text]})


class Desk:
    def __init__(self, *, longest: int = 5000, least: float = 0.6) -> None:
        self.vault = Vault()
        redactor = Redactor({"policy": r"[A-Z]{2}-\d{7}"}, today=date(2026, 11, 22))
        self._stage = lambda: Sanitize(redactor, self.vault, longest=longest, least=least)

    async def pass_on(self, *frames: Frame) -> list[TranscriptionFrame | InterimTranscriptionFrame]:
        async with Bench(self._stage()) as bench:
            for frame in frames:
                await bench.send(frame)
                await bench.settle()
            return [
                frame
                for frame in bench.got()
                if isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame)
            ]


async def test_what_is_personal_goes_no_further_not_even_in_the_recognisers_own_answer() -> None:
    desk = Desk()
    (frame,) = await desk.pass_on(final(f"My card is {CARD}."))
    assert frame.text == "My card is [card number]."
    assert CARD not in repr(frame)
    assert (LANGUAGE.of(frame), CONFIDENCE.of(frame)) == ("en", 0.9)
    assert desk.vault.fill("pay with [card number]") == "pay with 4111111111111111"


async def test_who_collects_a_number_in_the_call_hears_what_was_said() -> None:
    heard: list[tuple[str, str]] = []
    sanitize = Sanitize(
        Redactor({}, today=date(2026, 11, 22)),
        Vault(),
        longest=5000,
        least=0.6,
        heard=lambda shown, said: heard.append((shown, said)),
    )
    async with Bench(sanitize) as bench:
        await bench.send(interim("five five"))
        await bench.send(final("My phone is 555 010 0300"))
        await bench.settle()
    assert heard == [("My phone is [phone number]", "My phone is 555 010 0300")]


async def test_words_that_are_not_final_yet_are_masked_and_not_remembered() -> None:
    desk = Desk()
    frames = await desk.pass_on(interim("four one one one"), final("four one"), interim("one one"))
    assert [frame.text for frame in frames] == ["[number]", "four one", "[number]"]
    assert desk.vault.fill("[number]") == "[number]"


async def test_a_security_code_is_held_nowhere() -> None:
    desk = Desk()
    (frame,) = await desk.pass_on(final("the security code is 123"))
    assert frame.text == "the security code is [security code]"
    assert desk.vault.fill("[security code]") == "[security code]"


@pytest.mark.parametrize(
    "said",
    [
        ["my card is 4111 1111 1111 1111 and 123"],
        ["my card is 4111 1111 1111 1111", "one two three"],
        ["the three digits on the back of the card are 123"],
    ],
)
async def test_a_code_that_nobody_calls_by_its_name_is_held_nowhere_either(said: list[str]) -> None:
    desk = Desk()
    frames = await desk.pass_on(*map(final, said))
    assert frames[-1].text.rstrip(".").endswith("[security code]")
    assert desk.vault.fill("[number] [security code]") == "[number] [security code]"


@pytest.mark.parametrize(("least", "doubtful"), [(0.6, True), (0.1, False)])
async def test_a_transcript_of_which_too_little_is_speech_is_marked(
    least: float, doubtful: bool
) -> None:
    (frame,) = await Desk(least=least).pass_on(final("<div class=x></div><br/> hello there"))
    assert (frame.text, DOUBTFUL.of(frame)) == ("hello there", doubtful)


async def test_no_more_is_read_than_is_set() -> None:
    (frame,) = await Desk(longest=5).pass_on(final("hello there"))
    assert frame.text == "hello"
