"""What the built-in ears' own English is worth: `python -m benchmarks.input.rough`.

Spanish evaluation questions, spoken by the built-in voice, to a content that is told in English
alone; each is asked without a reading and with the rough one, by words and with the embedding.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from importlib import resources

import numpy as np

from benchmarks.input.measure import BELIEVED, Share
from knowledge import glossary, persona
from knowledge.answers import Answer, Question
from knowledge.embedding.local import LocalEmbedding
from knowledge.embedding.vectors import Vectors, compared
from knowledge.events import nowhere
from knowledge.index import Index
from knowledge.ingest import ingest, shipped
from knowledge.meanings import Meanings
from knowledge.pinecone import Embedded
from knowledge.routing import Route, Thresholds, choose
from knowledge.translation import Translations
from processors.ears.whisper import Transcript, Whisper
from processors.voice.local import Local

ASKED = 95
Knower = Callable[[Question], Awaitable[Answer | None]]


async def main() -> None:
    told = ingest(shipped(), date.max).entries
    entries = [replace(entry, wordings={"en": entry.wordings["en"]}) for entry in told]
    index, embedding = Index.build(entries), LocalEmbedding.load()
    embedded = Embedded(index, await Vectors.of(compared(entries), embedding), embedding)
    knowers: dict[str, Knower] = {"by words": index.answer, "with vectors": embedded.answer}
    alike = Meanings(embedding).alike
    readings = Translations([], glossary.load(), emit=nowhere, alike=alike)
    voice = Local(["en", "es"])
    ears = Whisper.load(("en", "es"), words=persona.load(None).terms, reads=True)
    shares: dict[str, Share] = {}
    costs: list[tuple[float, float]] = []
    file = resources.files("benchmarks.router") / "questions" / "es.tsv"
    rows = file.read_text("utf-8").splitlines()[1:]
    for text, entry in (row.split("\t") for row in rows[:: len(rows) // ASKED]):
        pcm = await voice.synthesize(text, "es", speaker="caller")
        began = time.process_time()
        said = await ears.transcribe(pcm, call="CA1", emit=nowhere)
        heard = time.process_time()
        if said is None:
            continue
        plain, read = await _questions(said, readings)
        costs.append((heard - began, time.process_time() - heard))
        for name, knower in knowers.items():
            for how, question in (("without", plain), ("with", read)):
                answer = await knower(question)
                way = choose(answer, Thresholds(), model_available=True, ticket_id="").route
                right, sure = answer is not None and answer.entry == entry, way is Route.KNOWLEDGE
                for what, good in (
                    ("found", right),
                    ("answered rightly", sure and right),
                    ("answered wrongly", sure and not right),
                ):
                    shares.setdefault(f"{name}, {how} it: {what}", Share()).add(good)
    ears.close()
    for name, share in shares.items():
        print(f"{name:42} {share.good:3} of {share.all}")
    transcript, reading = np.median(np.array(costs), axis=0)
    print(f"CPU seconds, median: transcript {transcript:.3f}, reading {reading:.3f}")


async def _questions(said: Transcript, readings: Translations) -> tuple[Question, Question]:
    plain = Question(said.text, said.language, said.confidence)
    if said.reading is None:
        return plain, plain
    await said.reading  # however long it takes: a slow machine is no worse reader
    found = await readings.roughly([said.reading], said.text, said.language, "en")
    if found is None or found.confidence < BELIEVED:
        return plain, plain
    return plain, replace(plain, reading=found.text, sure=found.confidence)


if __name__ == "__main__":
    asyncio.run(main())
