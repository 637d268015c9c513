"""`answerline simulate`: one simulated provider, until somebody ends it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from agent.simulators.deepgram import Deepgram, from_folder
from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.office import Filing, Office
from agent.simulators.openai import OpenAI, Writing
from agent.simulators.pinecone import Pinecone
from agent.simulators.rest import TwilioRest
from agent.simulators.server import Behaviour, Fault, Simulator
from agent.simulators.twilio import Account

PROVIDERS = ("deepgram", "openai", "elevenlabs", "twilio-rest", "pinecone", "office")
VARIABLES = {
    "deepgram": "DEEPGRAM_BASE_URL",
    "openai": "OPENAI_BASE_URL",
    "elevenlabs": "ELEVENLABS_BASE_URL",
    "twilio-rest": "TWILIO_API_BASE_URL",
    "pinecone": "PINECONE_CONTROLLER_HOST",
    "office": "BACK_OFFICE_URL",
}


class Unknown(ValueError):
    """No such provider or fault, or nothing to recognise; the text says what there is."""


async def stand(  # noqa: PLR0917 (as the command line has them)
    provider: str,
    port: int,
    latency: float,
    fault: str,
    recordings: Path | None,
    tell: Callable[[str], None],
) -> None:
    """Tells the setting that points the service here, then serves. Raises Unknown."""
    try:
        failing = Fault(fault)
    except ValueError as error:
        raise Unknown(f"fault: expected one of {', '.join(Fault)}") from error
    async with _made(provider, port, latency, failing, recordings) as simulator:
        root = f"{simulator.url}/v1" if provider == "openai" else simulator.url
        tell(f"{VARIABLES[provider]}={root}")
        await asyncio.Event().wait()


def _made(
    provider: str, port: int, latency: float, fault: Fault, recordings: Path | None
) -> Simulator:
    match provider:
        case "deepgram":
            if recordings is None:
                raise Unknown("recordings: a folder with WAVs and manifest.json is needed")
            try:
                known = from_folder(recordings)
            except (OSError, ValueError) as error:
                raise Unknown(f"recordings: {error}") from error
            return Deepgram(known, port=port, behaviour=Behaviour(fault, latency))
        case "openai":
            return OpenAI(port=port, behaviour=Writing(fault, latency))
        case "elevenlabs":
            return ElevenLabs(port=port, behaviour=Speaking(fault, latency))
        case "twilio-rest":
            return TwilioRest(Account(), port=port, behaviour=Behaviour(fault, latency))
        case "pinecone":
            return Pinecone(port=port, behaviour=Behaviour(fault, latency))
        case "office":
            return Office(port=port, behaviour=Filing(fault, latency))
        case _:
            raise Unknown(f"provider: expected one of {', '.join(PROVIDERS)}")
