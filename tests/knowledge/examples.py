"""What several tests of the knowledge ask about, and of."""

from collections.abc import Sequence
from datetime import date
from functools import cache

from knowledge.entries import Entry
from knowledge.ingest import ingest, shipped

TODAY = date(2026, 6, 1)

OUT_OF_SCOPE = (
    "how old is the brooklyn bridge",
    "what is the capital of France",
    "what's the weather like",
    "book a room",
    "feels like these days go on forever",
    "this is something that I am testing to make sure that the VAD is working properly",
    "thunderstorms could produce large hail isolated tornadoes and heavy rain",
    "ask not what your country can do for you ask what you can do for your country",
    "ten of clubs",
    "eight of spades four of clubs seven of hearts",
    "half an hour",
    "would you like to play chess with me",
    "my aunt bakes the best apple pie",
    "turn the volume down on the radio",
    "what did Napoleon eat for breakfast",
    "convert ten kilometers into miles",
    "¿quién descubrió América?",
    "¿me recomienda una novela?",
    "mi tía hace la mejor tarta de manzana",
    "baje el volumen de la radio",
    "¿a qué temperatura hierve el agua?",
    "las arenas son blanquecinas de grano medio",
)


@cache
def content() -> Sequence[Entry]:
    """The shipped entries, read once by a process and only where a test asks for them."""
    return ingest(shipped(), TODAY).entries
