"""A simulated Deepgram: the live transcription of nova-3, of recordings whose words are known."""

from agent.simulators.deepgram.recordings import Recording, from_folder
from agent.simulators.deepgram.server import Deepgram, Mishaps

__all__ = ["Deepgram", "Mishaps", "Recording", "from_folder"]
