"""One call's line: what comes in and what goes out share the stream and its clock."""

from collections.abc import Callable

from agent.line.input import LineInput
from agent.line.output import LineOutput
from agent.line.stream import MediaStream
from agent.recording.recorder import Recorder
from knowledge.events import Emit
from processors.frames import HangUpFrame, PersonFrame, UnspokenFrame
from processors.turns.taking import TurnTaking


class Line:
    def __init__(
        self,
        stream: MediaStream,
        turns: TurnTaking,
        recorder: Recorder,
        *,
        holds: bool,
        emit: Emit,
        asked: Callable[[PersonFrame | HangUpFrame | UnspokenFrame], None],
        ended: Callable[[bool], None],
    ) -> None:
        """`holds`, `asked`: see LineOutput, `ended`: see LineInput."""

        def sent(mulaw: bytes, at: float) -> None:
            turns.echo.sent(mulaw, at)
            recorder.sent(mulaw, at)

        def played(mark: str, now: float) -> None:
            recorder.marked(mark)
            self._output.played(mark, now)

        self._output = LineOutput(
            stream,
            holds=holds,
            emit=emit,
            sent=sent,
            cleared=recorder.cleared,
            said=turns.floor.said,
            asked=asked,
        )
        self._input = LineInput(
            stream,
            heard=recorder.heard,
            pressed=recorder.pressed,
            played=played,
            ended=ended,
            still=turns.still,
        )

    def input(self) -> LineInput:
        return self._input

    def output(self) -> LineOutput:
        return self._output
