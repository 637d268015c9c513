"""What frames tell a recording: which words were masked, and the events and their times."""

from collections import deque

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.tts_service import TTSService

from agent.recording.events import Line, Value
from agent.recording.recorder import Recorder
from knowledge.privacy import Redactor
from knowledge.privacy.numerals import numerals, tokens
from processors.frames import CONFIDENCE, LANGUAGE, MASKED, ROUTE, SPAN, TURN
from processors.sanitize import Sanitize
from processors.turns.agent import AgentTurn

_SEEN = (
    InterimTranscriptionFrame,
    TranscriptionFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    LLMContextFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
MOST_INTERIMS = 200
"""Of one utterance; what comes beyond is not kept."""
_RECENT = 32
"""Frames that are known again."""
_NAMES: dict[type[Frame], str] = {
    BotStartedSpeakingFrame: "agent_speaks",
    BotStoppedSpeakingFrame: "agent_silent",
    VADUserStartedSpeakingFrame: "caller_speaks",
    VADUserStoppedSpeakingFrame: "caller_silent",
    InterruptionFrame: "interruption",
}


class RecordingObserver(BaseObserver):
    """Beside the way: Pipecat hands it each push from a task of its own."""

    def __init__(self, recorder: Recorder, redactor: Redactor) -> None:
        """`redactor` of the agent's own words: one that no caller's are read with."""
        super().__init__()
        self._recorder = recorder
        self._redactor = redactor
        self._interims: list[tuple[float, dict[str, Value]]] = []
        """Of words that are not final yet, and when they came: of an address that is only begun
        nobody can tell what it is."""
        self._last = 0
        self._seen: deque[int | None] = deque(maxlen=_RECENT)
        self._sounding = False
        """The first audio of the agent's answer has come."""

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        if not self._recorder.on or not isinstance(frame, _SEEN):
            return
        match frame:
            case InterimTranscriptionFrame() | TranscriptionFrame():
                if isinstance(data.source, Sanitize):
                    self._words(frame)
            case LLMTextFrame() if isinstance(data.destination, TTSService):
                self._sentence(frame)
            case LLMFullResponseEndFrame() if isinstance(data.destination, AgentTurn):
                self._over()
            case TTSAudioRawFrame() if not self._sounding:
                self._sounding = True
                self._recorder.write(Line("voice"))
            case LLMContextFrame() if data.direction is FrameDirection.DOWNSTREAM:
                self._turn(TURN.of(frame))
            case _:
                self._moment(frame)

    def _words(self, frame: InterimTranscriptionFrame | TranscriptionFrame) -> None:
        """A transcript behind the masking; one on which nobody has looked is kept nowhere."""
        fields: dict[str, Value] = {
            "text": "" if MASKED.name not in frame.metadata else frame.text,
            "language": LANGUAGE.of(frame),
            "confidence": CONFIDENCE.of(frame),
            "masked": MASKED.of(frame),
        }
        if not isinstance(frame, TranscriptionFrame):
            if len(self._interims) < MOST_INTERIMS:
                self._interims.append((self._recorder.now(), fields))
            return
        for at, told in self._interims:
            held = {**told, "text": "", "masked": True} if MASKED.of(frame) else told
            self._recorder.write(Line("interim", held), at)
        self._interims.clear()
        span = SPAN.of(frame)
        if span is not None:
            numbers = bool(numerals(tokens(str(fields["text"]))))
            self._recorder.understood(span, masked=MASKED.of(frame), numbers=numbers)
            fields["span"] = self._recorder.seconds(span)
        self._recorder.write(Line("final", fields))

    def _sentence(self, frame: LLMTextFrame) -> None:
        """What a model says may hold what a system behind has told it."""
        text, route = frame.text, ROUTE.of(frame)
        if route not in _OURS:
            redacted = self._redactor.glance(text)
            text = redacted.text
            if redacted.masked:
                self._recorder.hush(on=True)
        fields = {"text": text, "language": LANGUAGE.of(frame), "route": route}
        self._recorder.write(Line("sentence", {**fields, "turn": TURN.of(frame)}))

    def _over(self) -> None:
        self._sounding = False
        self._recorder.hush(on=False)

    def _turn(self, turn: int) -> None:
        if turn > self._last:
            self._last = turn
            self._recorder.write(Line("turn_taken", {"turn": turn}))

    def _moment(self, frame: Frame) -> None:
        """A broadcast is two frames, each seen at every processor."""
        if type(frame) not in _NAMES:
            return
        if frame.id in self._seen:
            return
        self._seen += (frame.id, frame.broadcast_sibling_id)
        if isinstance(frame, InterruptionFrame):
            self._over()
        self._recorder.write(Line(_NAMES[type(frame)]))


_OURS = frozenset({"knowledge", "cache", "phrase", "survey", "clarify", "person", "filler"})
"""Routes whose words are content: they hold nothing of a caller's."""
