"""The diagram of the README as code: a call's stages, in the order in which frames pass them."""

import time

from pipecat.processors.frame_processor import FrameProcessor

from agent.call import Call
from processors.collect import Collect
from processors.fillers import Fillers
from processors.keys import Keys
from processors.localize import Localize
from processors.replies import Replies
from processors.route import Route
from processors.sanitize import Sanitize
from processors.survey import Survey
from processors.translate import Translate


def stages(call: Call) -> list[FrameProcessor]:
    return [
        call.line.input(),  # Twilio media stream
        call.turns.hear(),  # voice activity
        call.ears,  # speech to text; no audio goes further
        Keys(lambda: call.collecting.open),  # DTMF
        Sanitize(  # nothing unspoken, nothing personal from here on
            call.redactor,
            call.vault,
            longest=call.longest_text,
            least=call.least_sanitized,
            heard=call.collecting.heard,
        ),
        call.turns.user(),  # end of turn, barge-in, backchannels
        Translate(  # an English reading for the router; the caller's words stay as they are
            call.translations,
            call=call.sid,
            default=call.default_language,
            target=call.target,
            least=call.least_translated,
            masked=lambda text: call.redactor.glance(text).text,
        ),
        Replies(call.persona, call.consent.answered, call.transfer.answered),  # to what was asked
        Collect(  # a number that a tool has asked for, said or typed
            call.collecting,
            call.persona,
            call=call.sid,
            clock=time.monotonic,
            typing=lambda: call.turns.idle.words(time.monotonic()),
            emit=call.emit,
        ),
        Survey(call.persona, call=call.sid, ticket=call.to_rate, emit=call.emit),
        Route(
            call.knowledge,
            call.policy,
            call.persona,
            call=call.sid,
            languages=call.languages,
            model_available=call.model_available,
            emit=call.emit,
            wished=call.wished,
            clerk=call.tools.clerk if call.tools else None,
        ),
        call.model,  # only for what the knowledge base could not answer
        Localize(call.translations, least=call.least_translated),  # into the caller's language
        Fillers(  # a short word if nothing would be heard for 1.2 s
            call.persona,
            language=lambda: call.turns.language,
            waiting=call.turns.waiting,
            prepare=call.prepare,
        ),
        call.voice,  # text to speech
        call.line.output(),  # paced, marked, clearable
        call.turns.agent(),  # what the caller really heard
    ]
