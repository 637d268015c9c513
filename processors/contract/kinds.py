"""One frame of every kind that travels in a call, and one of each sort that nobody has seen."""

from dataclasses import dataclass

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ControlFrame,
    DataFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    SystemFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from processors.frames import HangUpFrame, HeardFrame, HoldReleaseFrame, PersonFrame, WishFrame


@dataclass
class StrangeSystemFrame(SystemFrame):
    """From somebody else's package."""


@dataclass
class StrangeDataFrame(DataFrame):
    """From somebody else's package."""


@dataclass
class StrangeControlFrame(ControlFrame):
    """From somebody else's package."""


def every_kind() -> list[Frame]:
    """New ones each time, with what a copy easily loses: pts, metadata, a cleared flag."""
    silence = bytes(320)
    frames: list[Frame] = [
        StrangeSystemFrame(),
        InputAudioRawFrame(silence, 8000, 1),
        InputDTMFFrame(KeypadEntry.FIVE),
        VADUserStartedSpeakingFrame(start_secs=0.2),
        VADUserStoppedSpeakingFrame(stop_secs=0.2),
        UserStartedSpeakingFrame(),
        UserStoppedSpeakingFrame(),
        BotStartedSpeakingFrame(),
        BotStoppedSpeakingFrame(),
        HoldReleaseFrame(),
        HeardFrame(text="You pay it once."),
        MetricsFrame(data=[]),
        ErrorFrame("somebody else's"),
        StrangeDataFrame(),
        InterimTranscriptionFrame("what is", "caller", ""),
        TranscriptionFrame("what is it", "caller", ""),
        LLMContextFrame(LLMContext([])),
        LLMFullResponseStartFrame(),
        LLMTextFrame("You pay it once."),
        LLMFullResponseEndFrame(),
        TTSSpeakFrame("One moment."),
        TTSStartedFrame(),
        TTSAudioRawFrame(silence, 8000, 1),
        TTSStoppedFrame(),
        OutputAudioRawFrame(silence, 8000, 1),
        StrangeControlFrame(),
        PersonFrame("claims"),
        HangUpFrame(),
        WishFrame(wish="person", source="key"),
    ]
    for number, frame in enumerate(frames, 1):
        frame.pts = number
        frame.metadata["number"] = number
        frame.interruptible = number % 2 == 0
    return frames
