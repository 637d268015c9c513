"""How people talk to the agent on a terminal: line by line, in JSON, or with a recording."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import orjson
from rich.console import Console
from rich.markup import escape

from agent import keyboard
from agent.jsonl import Line, NoText, read
from agent.providers import open_providers
from agent.settings import Settings
from agent.talk import Reply, Talk, talking
from knowledge.events import nowhere
from knowledge.persona import Phrase


async def one(settings: Settings, text: str, language: str, console: Console) -> bool:
    """A question and its answer."""
    async with _agent(settings) as talk:
        reply = await talk.ask(text, language)
    _show(reply, console)
    return bool(reply.text)


async def conversation(settings: Settings, source: TextIO, language: str, console: Console) -> bool:
    """Until goodbye or the end of input."""
    async with _agent(settings) as talk, aclosing(keyboard.lines(source.fileno())) as lines:
        console.print(escape(talk.phrase(Phrase.GREETING)), soft_wrap=True)
        _prompt(console)
        async for said in lines:
            if said.strip():
                reply = await talk.ask(said.strip(), language)
                _show(reply, console)
                if reply.goodbye:
                    break
            _prompt(console)
    return True


async def answer_lines(
    settings: Settings, source: TextIO, sink: TextIO, language: str, warn: Callable[[str], None]
) -> bool:
    """One JSON object (`{"text": …}`) or plain line a line in, one JSON object a line out.

    The lines are one conversation. Whether each had its answer.
    """
    good, number = True, 0
    async with _agent(settings) as talk, aclosing(keyboard.lines(source.fileno())) as lines:
        async for line in lines:
            number += 1
            try:
                said = read(line)
            except NoText as error:
                warn(f"line {number}: {error}")
                said = Line("")
            reply = await talk.ask(said.text, said.language or language)
            good = good and bool(reply.text)
            sink.write(orjson.dumps(asdict(reply)).decode() + "\n")
            sink.flush()
    return good


async def recording(settings: Settings, wav: Path, console: Console) -> bool:
    """A whole call in which the caller says this."""
    from agent import demo  # noqa: PLC0415 (the whole service, which a typed word does not need)

    return await demo.run(settings, [wav], console)


@asynccontextmanager
async def _agent(settings: Settings) -> AsyncGenerator[Talk]:
    providers = await open_providers(settings, nowhere, speech=False)
    try:
        async with talking(providers) as talk:
            yield talk
    finally:
        await providers.close()


def _prompt(console: Console) -> None:
    if console.is_terminal:
        console.print("[cyan]▸[/] ", end="")


def _show(reply: Reply, console: Console) -> None:
    console.print(escape(reply.text) or "[dim]no answer[/]", soft_wrap=True)
    console.print(
        f"[dim]{reply.route} {reply.confidence:.2f} {reply.entry} {reply.seconds:.3f} s[/]"
    )
