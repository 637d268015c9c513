"""`answerline kb`: what the agent knows, and what it would answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.terminal import (
    FAILED,
    USAGE,
    checked_settings,
    console,
    fail,
    mistakes,
    pipes,
    progress,
    quiet,
    ready,
    run,
    warn,
)

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.settings.light import Light

kb = typer.Typer(help="The knowledge base.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Knowledge = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="As KNOWLEDGE_DIR.")
]


@kb.command()
def ask(
    question: Annotated[str, typer.Argument(help="In English or Spanish.")] = "",
    jsonl: Annotated[bool, typer.Option(help="Lines of JSON or text in, JSON out.")] = False,
    knowledge: Knowledge = None,
    language: Annotated[str, typer.Option(help="Two letters; guessed where not given.")] = "",
    json: Json = False,
) -> None:
    """What the knowledge base answers, and who would be asked."""
    if not jsonl and not question:
        fail("a question is needed, or --jsonl", USAGE)
    settings = _settings()
    from dataclasses import asdict

    import orjson

    from agent import library

    with library.open_library(settings, knowledge, warn, many=jsonl) as asked:
        ready()
        if jsonl:
            library.answer_lines(asked, *pipes(), language, warn)
        elif json:
            typer.echo(orjson.dumps(asdict(asked(question, language).asked)))
        else:
            library.show(asked(question, language), console())


@kb.command()
def add(
    files: Annotated[list[Path], typer.Argument(help="Entries and documents.", metavar="FILE...")],
    department: Annotated[str, typer.Option(help="Sub-folder that they go to.")] = "",
    knowledge: Annotated[
        Path | None, typer.Option(file_okay=False, help="As KNOWLEDGE_DIR; made if missing.")
    ] = None,
) -> None:
    """Check files and copy them into KNOWLEDGE_DIR. What would be broken is refused."""
    settings = _settings()
    from agent import accession, library

    folder = knowledge or settings.knowledge_dir
    if folder is None:
        fail("KNOWLEDGE_DIR: expected a folder of your own, or --knowledge DIR", USAGE)
    with mistakes(accession.Unusable), progress() as tell:
        added = accession.add(
            files,
            folder,
            department=department,
            languages=settings.languages,
            kept=library.kept(settings),
            progress=tell,
        )
    for one in added:
        for line in one.problems:
            warn(line)
        typer.echo(str(one))
    if any(one.changed for one in added):
        typer.echo("`answerline kb sync` calibrates to it: until then less is answered as sure")
    if settings.redis_url is not None and any(one.changed for one in added):
        from agent.sync import Unsynced, announce

        with mistakes(Unsynced):
            run(announce(checked_settings(), "", typer.echo))
    raise typer.Exit(FAILED if any(one.refused for one in added) else 0)


@kb.command(name="list")
def show_list(knowledge: Knowledge = None, json: Json = False) -> None:
    """Entries and documents, and what is wrong with files."""
    settings = _settings()
    from agent import catalogue, library

    with progress() as tell:
        content = library.read(settings, knowledge or settings.knowledge_dir, tell)
    rows = catalogue.rows(content)
    if json:
        typer.echo(catalogue.as_json(rows, content.problems))
    else:
        catalogue.show(rows, console(), typer.echo)
        for problem in content.problems:
            warn(str(problem))


@kb.command()
def sync(
    create: Annotated[
        bool, typer.Option("--create", help="Make the index at Pinecone if there is none.")
    ] = False,
    knowledge: Knowledge = None,
) -> None:
    """Prepare the content for calls: vectors, Pinecone, news to the workers."""
    settings = checked_settings()
    quiet()
    from agent.sync import Unsynced
    from agent.sync import sync as prepare
    from knowledge.embedding.local import EmbeddingMissing

    folder = knowledge or settings.knowledge_dir
    with mistakes(EmbeddingMissing), progress() as tell:
        try:
            run(prepare(settings, folder, create=create, tell=typer.echo, progress=tell))
        except Unsynced as error:
            fail(str(error), FAILED)


@kb.command(name="eval")
def evaluate(
    file: Annotated[
        Path | None,
        typer.Argument(help="JSONL, CSV or TSV of text, entry, language.", metavar="[FILE]"),
    ] = None,
    knowledge: Knowledge = None,
    language: Annotated[str, typer.Option(help="Of questions that do not say theirs.")] = "",
    at_least: Annotated[
        float,
        typer.Option(min=0, max=1, help="Exit 1 if fewer of the given answers are right."),
    ] = 0.0,
    json: Json = False,
) -> None:
    """How good the answers are: on questions of yours, else on phrasings held out one by one."""
    settings = _settings()
    quiet()
    from agent import evaluation, marks, questions

    with (
        mistakes(questions.Unreadable),
        progress() as tell,
        evaluation.examiner(settings, knowledge, warn) as one,
    ):
        if file is None:
            parts = evaluation.by_phrasings(one, tell)
        else:
            cases = questions.read(file, one.ids, language=one.speaks(language), warn=warn)
            parts = evaluation.by_file(one, cases, tell)
    if json:
        typer.echo(evaluation.as_json(parts, one.thresholds))
    else:
        marks.show(parts, one.thresholds, console(), typer.echo)
    if not evaluation.kept(parts, at_least):
        fail(f"fewer than {at_least:.0%} of the given answers are right", FAILED)


def _settings() -> "Settings | Light":
    from agent.settings.light import light

    return light() or checked_settings()
