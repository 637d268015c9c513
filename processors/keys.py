"""Keys: what the caller types on the telephone; 0 is the wish for a person."""

import dataclasses
from collections.abc import AsyncIterator

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import Frame, InputDTMFFrame, InterruptionFrame
from pipecat.processors.frame_processor import FrameProcessorSetup

from processors.frames import WishFrame
from processors.stage import Stage


class Keys(Stage[InputDTMFFrame]):
    """Stops the agent and asks for a person at 0; other keys stay keys and never become words."""

    accepts = InputDTMFFrame
    direct = True  # the caller's audio passes through here

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        await super().setup(dataclasses.replace(setup, observer=None))

    async def handle(self, frame: InputDTMFFrame) -> AsyncIterator[Frame]:
        if frame.button is KeypadEntry.ZERO:
            yield InterruptionFrame()
            yield WishFrame(wish="person", source="key")
        else:
            yield frame
