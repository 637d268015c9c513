"""A call whose voices are dead and whose model is slow: Twilio says what we cannot and the caller
comes back, and a filler is heard where nothing else would be."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pipecat.processors.frame_processor import FrameProcessor

from agent.call import Call
from agent.reception import serving
from agent.settings import load
from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.openai import OpenAI, Writing
from agent.simulators.rest import TwilioRest
from agent.simulators.twilio import Account, Caller, CallReport, Clip, Conditions, Twilio
from knowledge.chain import Fault
from knowledge.events import Ended, Turn
from processors.voice.service import Voice
from tests import recordings
from tests.calls.house import TOKEN
from tests.calls.witness import Witness
from tests.processors.voice.scripted import Scripted

pytestmark = [pytest.mark.call, pytest.mark.timeout(150)]
QUESTION = "How old is the Brooklyn Bridge?"
ANSWER = "It is <old> & grey."
HARD = "What is the capital of France?"
PARIS = "It is Paris."
SLOW = 1.3
"""Seconds until the model's first token."""
KNOWLEDGE = {
    "agent.yaml": "greeting: {en: Hello.}\nphrases: {en: {welcome_back: Here again., "
    "filler: [One second., Just a moment.]}}\n",
    "bridge.md": f"---\nid: bridge\ndepartment: claims\nen:\n  question: {QUESTION}\n"
    f"  answer: {ANSWER!r}\n---\n",
}


@dataclass
class Dumb(Witness):
    """Listens in, and takes the voice away."""

    voice: Scripted = field(default_factory=lambda: Scripted(script=[Fault("refused")]))

    def __post_init__(self) -> None:
        super().__init__()

    def stages(self, call: Call) -> list[FrameProcessor]:
        call.voice = Voice([self.voice], call=call.sid, emit=call.emit, language="en")
        return super().stages(call)


@dataclass
class Played:
    report: CallReport
    witness: Dumb

    @property
    def ended(self) -> list[str]:
        return [one.outcome for one in self.witness.events(self.report.call_sid, Ended)]


async def asks(caller: Caller, witness: Dumb, clip: Clip, hard: Clip) -> None:
    """Three questions: two to a house that is dumb, or was, and one that takes a while."""
    streams: set[str] = set()

    async def comes_back(times: int) -> None:
        def back(_now: float) -> bool:
            streams.add(caller.stream_sid)
            return len(streams - {""}) > times

        await caller.until(back, 20.0, "to come back")
        await caller.silence(0.5)

    await comes_back(1)
    await caller.say(clip)
    await comes_back(2)
    witness.voice.script = []
    await caller.say(clip)
    await caller.listen()
    await caller.say(hard)

    def answered(_now: float) -> bool:
        return PARIS in witness.spoken(caller.call_sid)

    await caller.until(answered, 20.0, "to be answered")


async def play(folder: Path) -> Played:
    knowledge = folder / "knowledge"
    knowledge.mkdir()
    for name, text in KNOWLEDGE.items():
        (knowledge / name).write_text(text)
    (folder / "speech").touch()
    witness, account = Dumb(), Account(token=TOKEN)
    clip = recordings.clip("google_brooklyn", QUESTION)
    hard = recordings.clip("azure_weather_mulaw", HARD)
    heard = [Recording(QUESTION, "en", clip.pcm, "bridge"), Recording(HARD, "en", hard.pcm, "hard")]

    async def script(caller: Caller) -> None:
        await asks(caller, witness, clip, hard)

    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        deepgram = await enter(Deepgram(heard))
        writing = Writing(latency=SLOW, pace=0.0)
        openai = await enter(OpenAI(lambda _: PARIS, behaviour=writing))
        rest = await enter(TwilioRest(account))
        settings = load(
            {
                "LANGUAGES": "en",
                "DATA_DIR": str(folder),
                "EMBEDDING": "none",
                "KNOWLEDGE_DIR": str(knowledge),
                "DEEPGRAM_API_KEY": "dg",
                "DEEPGRAM_BASE_URL": deepgram.url,
                "OPENAI_API_KEY": "sk",
                "OPENAI_BASE_URL": openai.api,
                "TWILIO_ACCOUNT_SID": account.sid,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_API_BASE_URL": rest.url,
            },
            None,
        )
        service = await enter(serving(settings, stages=witness.stages, also=witness.emit))
        twilio = await enter(Twilio(account, rest=rest))
        conditions = Conditions(say_rate=60.0)
        report = await twilio.call(f"{service.url}/twilio/voice", script, conditions)
    return Played(report, witness)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(play(tmp_path_factory.mktemp("lastword")))


def test_what_no_voice_can_speak_is_said_by_twilio_and_the_call_goes_on(played: Played) -> None:
    assert played.report.failure == ""
    assert played.report.warnings == ()
    assert played.report.spoken == ("Hello.", ANSWER)
    assert len(played.report.streams) == 3
    assert played.ended == ["relayed", "relayed", "hung_up"]


def test_nobody_is_greeted_twice_and_what_was_said_is_remembered(played: Played) -> None:
    sid = played.report.call_sid
    history = [(one["role"], one["content"]) for one in played.witness.context[sid]]
    assert history == [
        ("user", QUESTION),
        ("assistant", ANSWER),
        ("user", QUESTION),
        ("assistant", ANSWER),
        ("user", HARD),
        ("assistant", PARIS),
    ]
    assert [text for text in played.witness.spoken(sid) if text] == [ANSWER, PARIS]


def test_a_filler_is_heard_in_time_and_is_neither_the_answer_nor_remembered(
    played: Played, figure: Callable[[str], None]
) -> None:
    asked = [script.text for script in played.witness.voice.asked]
    assert asked[-2:] in (["One second.", PARIS], ["Just a moment.", PARIS])
    turn = played.witness.events(played.report.call_sid, Turn)[-1]
    assert turn.answer >= SLOW, "the filler is no answer"
    last = played.report.turns[-1]
    assert last.voice_to_voice is not None
    heard = last.voice_to_voice - turn.decision
    figure(f"filler {heard:.2f} s after the decision, answer {turn.answer:.2f} s")
    assert heard < 1.2 + 0.3
