"""Writes down what a call was like when it is over."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from agent.simulators.twilio import measures, recording

if TYPE_CHECKING:
    from agent.simulators.twilio.call import Call


async def report(call: "Call", seconds: float) -> measures.CallReport:
    zero = call.zero
    streams = tuple(stream.report(zero) for stream in call.streams)
    return measures.CallReport(
        call_sid=call.sid,
        ended_by=call.ended_by,
        failure=call.failure,
        seconds=seconds,
        ready=_ready(streams),
        greeting=_greeting(call, streams),
        turns=call.turns(),
        gaps=measures.gaps(call.ear, call.mouth.said, zero=zero),
        spans=tuple(
            measures.Span(span.start - zero, span.end - zero)
            for span in measures.spans(call.ear.sounds)
        ),
        marks=measures.marks(call.ear, zero=zero),
        clears=tuple(clear - zero for clear in call.ear.clears),
        most_buffered=call.ear.most,
        packets=call.packets,
        late=call.late,
        streams=streams,
        warnings=tuple(call.warnings),
        webhooks=tuple(call.webhooks.log),
        spoken=tuple(call.spoken),
        dialled=tuple(call.dialled),
        recording=await _recorded(call, seconds),
        pressed=tuple(call.pressed),
        meetings=tuple(call.meetings),
    )


def _ready(streams: tuple[measures.StreamReport, ...]) -> float | None:
    for stream in streams:
        if stream.accepted is not None and stream.first_message is not None:
            return stream.first_message - stream.accepted
    return None


def _greeting(call: "Call", streams: tuple[measures.StreamReport, ...]) -> float | None:
    started = next((stream.started for stream in streams if stream.started is not None), None)
    if started is None or not call.ear.sounds:
        return None
    return call.ear.sounds[0].start - call.zero - started


async def _recorded(call: "Call", seconds: float) -> Path | None:
    folder = call.conditions.recording_dir
    if folder is None:
        return None
    path = folder / f"{call.sid}.wav"
    await asyncio.to_thread(
        recording.write,
        path,
        caller=call.mouth.spoken,
        agent=call.ear.played,
        zero=call.zero,
        seconds=seconds,
    )
    return path
