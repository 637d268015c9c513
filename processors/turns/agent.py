"""AgentTurn: the conversation's memory of what the agent said, which is what the caller heard."""

from pipecat.frames.frames import Frame, TTSTextFrame
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from processors.frames import HeardFrame


class AgentTurn(LLMAssistantAggregator):
    """The output swallows the voice's own text frames and gives `HeardFrame` as they are played:
    a system frame, for a text frame pushed ahead of an interruption is dropped from the queue."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if not isinstance(frame, HeardFrame):
            await super().process_frame(frame, direction)
            return
        await FrameProcessor.process_frame(self, frame, direction)
        if not self._assistant_turn_start_timestamp:
            await self._trigger_assistant_turn_started()
        await self._handle_text(TTSTextFrame(frame.text, text_type="sentence"))
