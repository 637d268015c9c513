"""Calls whose callers want to be put through; played at the same time, for test_transfer.py."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import aiohttp
from pipecat.processors.frame_processor import FrameProcessor
from twilio.request_validator import RequestValidator

from agent.call import Call
from agent.reception import Service, serving
from agent.settings import load
from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.elevenlabs import ElevenLabs
from agent.simulators.rest import TwilioRest
from agent.simulators.server import Fault
from agent.simulators.twilio import (
    Account,
    Caller,
    CallReport,
    Colleague,
    Conditions,
    OutgoingReport,
    Twilio,
)
from knowledge.departments import DAYS
from knowledge.events import Ended, Event, Transferred
from processors.frames import PersonFrame, rewrite
from processors.route import Route
from processors.stage import Stage
from tests import recordings
from tests.calls.witness import Witness

TOKEN = "0123456789abcdef0123456789abcdef"
CLAIMS, BILLING = "+15550100200", "+15550100201"
SUMMARY = "The caller asks how long a payment takes."
THREE_DAYS_ON = DAYS[(datetime.now(UTC).weekday() + 3) % 7]
AGENT = f"""
greeting: {{en: Hello.}}
phrases:
  en:
    person: Let me see.
    comfort: Still ringing.
    reached: Somebody is there.
    busy: All are busy.
    no_answer: Nobody answers.
    closed: They are not there.
    opens_again: They come {{opening}}.
    not_possible: That is not possible.
    call_back_offer: Shall we call back?
    call_back_ok: We will call back.
    call_back_no: As you like.
    never_mind: I have stopped.
    colleague: A caller for you.
    caller_gone: The caller is gone.
    goodbye: Goodbye.
departments:
  billing:
    hours: {{{THREE_DAYS_ON}: 10:00-11:00}}
"""
SAID = {
    "dograh_yes": "Yes.",
    "google_df_today": "No, forget it.",
    "google_brooklyn": "How old is the Brooklyn Bridge?",
}
"""What the recogniser of these calls makes of recordings."""
ENTRY = """---
id: brooklyn-bridge
department: claims
en:
  question: How old is the Brooklyn Bridge?
  phrasings: [when was the Brooklyn Bridge built]
  answer: It is from another century.
---
"""


class Asked(Stage[PersonFrame]):
    """What the caller wanted, where a pressed key does not tell."""

    accepts = PersonFrame

    def __init__(self, department: str) -> None:
        super().__init__()
        self._department = department

    async def handle(self, frame: PersonFrame) -> AsyncIterator[PersonFrame]:
        yield rewrite(frame, department=self._department, summary=SUMMARY)


class Listening(Witness):
    def stages(self, call: Call) -> list[FrameProcessor]:
        found = super().stages(call)
        route = next(i for i, stage in enumerate(found) if isinstance(stage, Route))
        wanted = "billing" if call.transfer.called == number("closed") else "claims"
        return [*found[: route + 1], Asked(wanted), *found[route + 1 :]]


def number(scene: str) -> str:
    """Each scene calls a number of its own: that is what its colleague is called from."""
    return f"+1555020{100 + list(SCENES).index(scene)}"


@dataclass(slots=True)
class Played:
    report: CallReport
    outgoing: list[OutgoingReport]
    witness: Listening

    def events(self, kind: type[Event]) -> list[Event]:
        return self.witness.events(self.report.call_sid, kind)

    @property
    def spoken(self) -> list[str]:
        return list(self.witness.spoken(self.report.call_sid))

    @property
    def outcome(self) -> str:
        (transferred,) = self.witness.events(self.report.call_sid, Transferred)
        return transferred.outcome

    @property
    def ended(self) -> list[str]:
        return [event.outcome for event in self.witness.events(self.report.call_sid, Ended)]


@dataclass(slots=True)
class House:
    """A service whose callers want to be put through."""

    service: Service
    witness: Listening
    twilio: Twilio
    rest: TwilioRest

    async def play(self, scene: str) -> Played:
        called = number(scene)

        async def script(caller: Caller) -> None:
            await caller.listen()
            await caller.press("0")
            await SCENES[scene](self, caller)

        report = await self.twilio.call(
            f"{self.service.url}/twilio/voice", script, Conditions(called=called)
        )
        await until(lambda: all(one.status in OVER for one in self.calls(called)))
        return Played(report, self.calls(called), self.witness)

    def calls(self, caller_id: str) -> list[OutgoingReport]:
        return [one for one in self.twilio.outgoing if one.caller_id == caller_id]

    async def hears(self, caller: Caller, sentence: str) -> None:
        """Until the caller has heard it to its end."""

        def heard(_now: float) -> bool:
            return any(sentence in said for said in self.witness.spoken(caller.call_sid))

        await caller.until(heard, 40.0, f"to hear {sentence!r}")

    async def rings(self, caller: Caller, scene: str) -> OutgoingReport:
        def ringing(_now: float) -> bool:
            return any(one.status == "ringing" for one in self.calls(number(scene)))

        await caller.until(ringing, 20.0, "for a colleague's telephone")
        return self.calls(number(scene))[0]


OVER = {"completed", "busy", "no-answer", "failed", "canceled"}


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def stay(_house: House, caller: Caller) -> None:
    await caller.stay()


async def offered(house: House, caller: Caller) -> None:
    await house.hears(caller, "Shall we call back?")


async def accepts(house: House, caller: Caller) -> None:
    await offered(house, caller)
    await caller.say(recordings.clip("dograh_yes", "Yes."))
    await house.hears(caller, "We will call back.")


async def hangs_up(house: House, caller: Caller) -> None:
    await house.rings(caller, "hangs_up")
    caller.hang_up()


async def forgets_it(house: House, caller: Caller) -> None:
    await house.rings(caller, "forgets_it")
    await caller.say(recordings.clip("google_df_today", "Today."))
    await house.hears(caller, "I have stopped.")


async def asks(house: House, caller: Caller) -> None:
    await house.rings(caller, "asks")
    await caller.say(recordings.clip("google_brooklyn", SAID["google_brooklyn"]))
    await house.hears(caller, "It is from another century.")


async def waits_alone(house: House, caller: Caller) -> None:
    """The colleague is said to be ready, and then does not come."""
    ringing = await house.rings(caller, "waits_alone")
    order = next(one for one in house.rest.orders if one.caller_id == number("waits_alone"))
    found = re.search(r">([^<]+/transfer/join[^<]+)<", order.twiml)
    assert found is not None
    url, form = unescape(found[1]), {"CallSid": ringing.call_sid, "CallStatus": "in-progress"}
    headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, form)}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=form, headers=headers) as response,
    ):
        assert "Conference" in await response.text()
    await house.hears(caller, "Shall we call back?")


SCENES: dict[str, Callable[[House, Caller], Awaitable[None]]] = {
    "answered": stay,
    "busy": accepts,
    "no_answer": offered,
    "machine": offered,
    "voicemail": offered,
    "closed": offered,
    "hangs_up": hangs_up,
    "forgets_it": forgets_it,
    "asks": asks,
    "slow": stay,
    "waits_alone": waits_alone,
    "rest_away": offered,
    "no_account": offered,
}


def colleagues() -> list[Colleague]:
    def one(scene: str, **manners: object) -> Colleague:
        return Colleague(CLAIMS, number(scene), **manners)  # type: ignore[arg-type]

    return [
        one("answered", talks=0.5, say_rate=15.0),
        one("busy", does="busy"),
        one("no_answer", does="no-answer", rings=0.5),
        one("machine", stays=0.1),
        one("voicemail", does="voicemail", say_rate=15.0),
        one("hangs_up", rings=60.0),
        one("forgets_it", rings=60.0),
        one("asks", rings=60.0),
        one("slow", rings=7.5),
        one("waits_alone", does="no-answer", rings=12.0),
    ]


@asynccontextmanager
async def open_house(folder: Path, **variables: str) -> AsyncIterator[House]:
    """`variables` of the environment; one that is empty is not set at all."""
    knowledge = folder / "knowledge"
    knowledge.mkdir(parents=True)
    (folder / "speech").touch()  # nothing is spoken ahead: requests are counted here
    (knowledge / "agent.yaml").write_text(AGENT)
    (knowledge / "bridge.md").write_text(ENTRY)
    clips = {name: recordings.clip(name, text) for name, text in SAID.items()}
    heard = [Recording(SAID[name], "en", clip.pcm, name) for name, clip in clips.items()]
    witness, account = Listening(), Account(token=TOKEN)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        deepgram, voice = await enter(Deepgram(heard)), await enter(ElevenLabs())
        rest = await enter(TwilioRest(account))
        usual = {
            "LANGUAGES": "en",
            "DATA_DIR": str(folder),
            "EMBEDDING": "none",
            "KNOWLEDGE_DIR": str(knowledge),
            "IDLE_PROMPT": "60",
            "DEPARTMENTS": f"claims={CLAIMS},billing={BILLING}",
            "DEEPGRAM_API_KEY": "dg",
            "DEEPGRAM_BASE_URL": deepgram.url,
            "ELEVENLABS_API_KEY": "el",
            "ELEVENLABS_BASE_URL": voice.url,
            "TWILIO_ACCOUNT_SID": account.sid,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": rest.url,
            **variables,
        }
        settings = load({name: value for name, value in usual.items() if value}, None)
        service = await enter(serving(settings, stages=witness.stages, also=witness.emit))
        twilio = await enter(Twilio(account, rest=rest))
        twilio.colleagues += colleagues()
        yield House(service, witness, twilio, rest)


async def play_all(folder: Path) -> dict[str, Played]:
    """All at the same time, those for whom Twilio's API is away at a house of their own."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        usual = await enter(open_house(folder / "usual"))
        houses = {
            "rest_away": await enter(open_house(folder / "away")),
            "no_account": await enter(open_house(folder / "alone", TWILIO_ACCOUNT_SID="")),
        }
        await houses["rest_away"].rest.behave(fault=Fault.BROKEN)
        played = await asyncio.gather(
            *(houses.get(scene, usual).play(scene) for scene in SCENES),
        )
        return dict(zip(SCENES, played, strict=True))
