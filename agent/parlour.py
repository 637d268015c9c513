"""How people talk to the agent on a terminal: line by line, in JSON, or with a recording."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import orjson
from rich.console import Console
from rich.markup import escape

from agent import demo
from agent.jsonl import read
from agent.providers import open_providers
from agent.settings import Settings
from agent.talk import Reply, talking
from knowledge.events import nowhere
from knowledge.persona import Phrase


async def typed(settings: Settings, text: str, language: str, console: Console) -> bool:
    """One question, or a conversation until goodbye or the end of input."""
    providers = await open_providers(settings, nowhere, speech=False)
    try:
        async with talking(providers) as talk:
            if text:
                _show(await talk.ask(text, language), console)
                return True
            console.print(escape(providers.persona.say(Phrase.GREETING, settings.languages[0])))
            while True:
                try:
                    said = await asyncio.to_thread(console.input, "[cyan]▸ [/]")
                except EOFError:
                    return True
                if said.strip():
                    reply = await talk.ask(said, language)
                    _show(reply, console)
                    if reply.goodbye:
                        return True
    finally:
        await providers.close()


async def lines(settings: Settings, source: TextIO, sink: TextIO, language: str) -> bool:
    """One JSON object (`{"text": …}`) or plain line a line in, one JSON object a line out."""
    providers = await open_providers(settings, nowhere, speech=False)
    try:
        async with talking(providers) as talk:
            for line in source:
                text, spoken = read(line)
                reply = await talk.ask(text, spoken or language)
                sink.write(orjson.dumps(asdict(reply)).decode() + "\n")
                sink.flush()
    finally:
        await providers.close()
    return True


async def recording(settings: Settings, wav: Path, console: Console) -> bool:
    """A whole call in which the caller says this."""
    return await demo.run(settings, [wav], console)


def _show(reply: Reply, console: Console) -> None:
    console.print(escape(reply.text))
    console.print(
        f"[dim]{reply.route} {reply.confidence:.2f} {reply.entry} {reply.seconds:.3f} s[/]"
    )
