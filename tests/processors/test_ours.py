"""Every processor of ours keeps the promises that are asked of anybody's."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import date

import aiohttp
import pytest
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor

from agent.line.input import LineInput
from agent.line.output import LineOutput
from agent.line.protocol import Start
from agent.line.stream import MediaStream
from agent.simulators.deepgram import Deepgram as SimulatedDeepgram
from agent.simulators.elevenlabs import ElevenLabs as SimulatedElevenLabs
from knowledge.events import nowhere
from knowledge.index import Index
from knowledge.ingest import ingest, shipped
from knowledge.persona import Persona
from knowledge.persona import load as load_persona
from knowledge.routing import Thresholds
from processors.contract import PROMISES, Promise
from processors.ears.deepgram import Deepgram
from processors.ears.service import Ears
from processors.frames import HeardFrame, speech
from processors.model.local import Local, Phrases
from processors.model.service import Model
from processors.route import Route
from processors.turns.silero import Silero
from processors.turns.taking import Patience, TurnTaking
from processors.voice.elevenlabs import ElevenLabs
from processors.voice.service import Voice
print("x")
