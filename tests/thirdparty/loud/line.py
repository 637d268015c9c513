"""`answerline serve --pipeline loud.line:stages`: the product's stages, with others in them."""

import os

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.stt import OpenAISTTService

from agent.call import Call
from agent.pipeline import stages as usual

from .shout import Shout


def stages(call: Call) -> list[FrameProcessor]:
    """Pipecat's own client of OpenAI's transcription in place of the ears, and a stage behind."""
    line = usual(call)
    ears = OpenAISTTService(
        api_key="loud", base_url=os.environ["LOUD_STT_URL"], audio_passthrough=False
    )
    at = line.index(call.ears)
    line[at : at + 1] = [ears, Shout()]
    return line
