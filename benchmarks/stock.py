"""The stock Pipecat phone bot, as its documentation builds one: Answerline is measured against it.

`python -m benchmarks.stock --port 8100 --deepgram ws://… --openai http://…/v1 --elevenlabs ws://…`
Needs `deepgram-sdk`, on which Pipecat's own Deepgram service is built.
"""

import argparse
import sys

import uvicorn
from fastapi import FastAPI, Response, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

RATE = 8000
GREETING = "Hello, this is the insurance desk. How can I help you today?"
INSTRUCTIONS = "You answer the telephone of an insurance company. Be brief."
KEY = "benchmark"
VOICE = "EXAVITQu4vr4xnSDxMaL"


async def talk(websocket: WebSocket, providers: argparse.Namespace) -> None:
    """One call, with a runner of its own: a shared one keeps every finished call in memory."""
    _, call = await parse_telephony_websocket(websocket)
    transport = FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            add_wav_header=False,
            serializer=TwilioFrameSerializer(
                stream_sid=call.stream_id,
                call_sid=call.call_id,
                params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
            ),
        ),
    )
    stt = DeepgramSTTService(api_key=KEY, base_url=providers.deepgram)
    llm = OpenAILLMService(
        api_key=KEY,
        base_url=providers.openai,
        settings=OpenAILLMService.Settings(
            model="gpt-4.1-mini", system_instruction=INSTRUCTIONS, max_completion_tokens=150
        ),
    )
    tts = ElevenLabsTTSService(
        api_key=KEY,
        url=providers.elevenlabs,
        settings=ElevenLabsTTSService.Settings(voice=VOICE, model="eleven_flash_v2_5"),
    )
    context = LLMContext()
    user, assistant = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    worker = PipelineWorker(
        Pipeline([transport.input(), stt, user, llm, tts, transport.output(), assistant]),
        params=PipelineParams(
            audio_in_sample_rate=RATE,
            audio_out_sample_rate=RATE,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
    )

    async def greet(_transport: object, _client: object) -> None:
        await worker.queue_frames([TTSSpeakFrame(GREETING)])

    async def leave(_transport: object, _client: object) -> None:
        await worker.cancel()

    transport.add_event_handler("on_client_connected", greet)
    transport.add_event_handler("on_client_disconnected", leave)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def create_app(providers: argparse.Namespace) -> FastAPI:
    app = FastAPI()
    twiml = (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Connect>'
        f'<Stream url="ws://127.0.0.1:{providers.port}/twilio/media"/></Connect></Response>'
    )

    @app.post("/twilio/voice")
    async def voice() -> Response:
        return Response(twiml, media_type="application/xml")

    @app.get("/readyz")
    async def ready() -> Response:
        return Response()

    @app.websocket("/twilio/media")
    async def media(websocket: WebSocket) -> None:
        await websocket.accept()
        await talk(websocket, providers)

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--deepgram", required=True, help="root of the API, ws://…")
    parser.add_argument("--openai", required=True, help="root of the API with its version")
    parser.add_argument("--elevenlabs", required=True, help="root of the API, ws://…")
    providers = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    uvicorn.run(
        create_app(providers),
        host="127.0.0.1",
        port=providers.port,
        loop="uvloop",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
