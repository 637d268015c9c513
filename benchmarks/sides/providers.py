"""The simulated providers that both sides use, and how long they take by themselves."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.openai import OpenAI, Writing
from agent.simulators.server import Behaviour
from agent.simulators.twilio import Clip

EARS = 0.1
"""Seconds from Finalize to the final words."""
MODEL, TOKEN = 0.3, 0.01
"""Seconds to the first token, and between two."""
VOICE, PACE = 0.15, 0.05
"""Seconds to the first sound, and for each second of speech."""
ANSWER = "Sure, I can help you with that. It takes about two or three minutes."
"""4.9 s of speech, whatever is asked."""
_FIRST = ANSWER.partition(". ")[0] + "."
_PIECE = 4 / 14
"""Seconds of speech in the first message of the voice."""


def own_delay() -> float:
    """Seconds that no agent can save: words, first sentence, first sound."""
    tokens = len(re.findall(r"\s*(?:\w{1,6}|[^\w\s])", _FIRST))
    return EARS + MODEL + TOKEN * (tokens - 1) + VOICE + PACE * _PIECE


@dataclass(frozen=True, slots=True)
class Providers:
    """Roots of the three APIs, http on loopback."""

    deepgram: str
    openai: str
    elevenlabs: str


@asynccontextmanager
async def providers(clips: Sequence[Clip]) -> AsyncIterator[Providers]:
    recordings = [Recording(clip.transcript, "en", clip.pcm, clip.name) for clip in clips]
    async with AsyncExitStack() as stack:
        ears = await stack.enter_async_context(
            Deepgram(recordings, behaviour=Behaviour(latency=EARS))
        )
        model = await stack.enter_async_context(
            OpenAI(lambda _messages: ANSWER, behaviour=Writing(latency=MODEL, pace=TOKEN))
        )
        voice = await stack.enter_async_context(
            ElevenLabs(behaviour=Speaking(latency=VOICE, pace=PACE))
        )
        yield Providers(ears.url, model.api, voice.url)
