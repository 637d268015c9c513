"""Keys: what the caller types; 0 is the wish for a person, unless digits are wanted."""

import dataclasses
from collections.abc import AsyncIterator, Callable

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import Frame, InputDTMFFrame, InterruptionFrame
from pipecat.processors.frame_processor import FrameProcessorSetup

from processors.frames import WishFrame
from processors.stage import Stage


class Keys(Stage[InputDTMFFrame]):
    """Stops the agent and asks for a person at 0; other keys stay keys and never become words."""

    accepts = InputDTMFFrame
    direct = True  # the caller's audio passes through here

    def __init__(self, digits: Callable[[], bool] = lambda: False) -> None:
        """`digits`: whether a number is being collected, of which 0 may be a part."""
        super().__init__()
        self._digits = digits

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        await super().setup(dataclasses.replace(setup, observer=None))

    async def handle(self, frame: InputDTMFFrame) -> AsyncIterator[Frame]:
        if frame.button is KeypadEntry.ZERO and not self._digits():
            yield InterruptionFrame()
            yield WishFrame(wish="person", source="key")
        else:
            yield frame
