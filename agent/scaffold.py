"""A new stage and its test, written where the developer wants them: both, or nothing."""

import builtins
import keyword
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STAGE = '''"""{title}: replace what `handle` does by the work of your stage."""

from collections.abc import AsyncIterator

from pipecat.frames.frames import Frame, TranscriptionFrame

from processors.frames import rewrite
from processors.stage import Stage


class {title}(Stage[TranscriptionFrame]):
    """Puts the spaces in what the caller says in order."""

    accepts = TranscriptionFrame

    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        yield rewrite(frame, text=" ".join(frame.text.split()))
'''

TEST = '''"""{title} keeps every promise of a stage, and does its own work."""

import asyncio

from pipecat.frames.frames import TranscriptionFrame

{imports}


def said(text: str) -> TranscriptionFrame:
    return TranscriptionFrame(text, "caller", "")


async def understood(text: str) -> list[str]:
    async with Bench({title}()) as bench:
        await bench.send(said(text))
        await bench.settle()
    return [frame.text for frame in bench.got() if isinstance(frame, TranscriptionFrame)]


def test_it_keeps_every_promise() -> None:
    asyncio.run(check({title}, said("what  is a deductible")))


def test_it_puts_the_spaces_in_order() -> None:
    assert asyncio.run(understood("  what  is a   deductible ")) == ["what is a deductible"]
'''

_TAKEN = {"Frame", "Stage", "TranscriptionFrame", "AsyncIterator", "Bench"} | set(dir(builtins))
"""Names that the written files use themselves."""


class Unusable(Exception):
    """The name or the folder cannot be used; the text says why and what would be."""


@dataclass(frozen=True, slots=True)
class _Place:
    stage: Path
    test: Path
    module: str
    """As the test imports it."""


def write(name: str, into: Path = Path()) -> str:
    """Writes the stage `name` and its test, and says what they are and what to do with them.

    `into` is this project, a package (a folder with `__init__.py`), or any other folder. Raises
    Unusable, and then has written nothing.
    """
    title = _title(name)
    place = _place(name, into)
    contents = {
        place.stage: STAGE.format(title=title),
        place.test: TEST.format(title=title, imports=_imports(place.module, title)),
    }
    for path in contents:
        if path.exists():
            raise Unusable(f"{path} exists already: choose another name")
    _write_all(contents)
    return "\n".join(
        [
            *(f"wrote {path}" for path in contents),
            f"test it:    pytest {place.test}",
            f"use it:     {title}(),  in stages() of agent/pipeline.py or of your own pipeline,",
            f"            with  from {place.module} import {title}",
        ]
    )


def _title(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise Unusable(
            f"{name!r} is no name for a stage: small letters, digits and single underscores, "
            "a letter first, such as `shout` or `spell_out`"
        )
    title = "".join(word.capitalize() for word in name.split("_"))
    if title in _TAKEN:
        raise Unusable(f"{name!r} would make a class {title}, which exists: choose another name")
    return title


def _place(name: str, into: Path) -> _Place:
    if not into.is_dir():
        raise Unusable(f"{into} is not a folder")
    if (into / "processors" / "stage.py").is_file():
        if (into / "processors" / name).exists():
            raise Unusable(f"{into / 'processors' / name} exists already: choose another name")
        test = into / "tests" / "processors" / f"test_{name}.py"
        return _Place(into / "processors" / f"{name}.py", test, f"processors.{name}")
    if (into / "__init__.py").is_file():
        return _in_package(name, into)
    if name in sys.stdlib_module_names:
        raise Unusable(f"{name!r} is a module of Python itself: choose another name")
    return _Place(into / f"{name}.py", into / f"test_{name}.py", name)


def _in_package(name: str, package: Path) -> _Place:
    """The test goes to `tests` beside the package, or beside its `src`."""
    top = package.resolve()
    names = [name]
    while (top / "__init__.py").is_file():
        names.insert(0, top.name)
        top = top.parent
    root = top.parent if top.name == "src" else top
    return _Place(package / f"{name}.py", root / "tests" / f"test_{name}.py", ".".join(names))


def _imports(module: str, title: str) -> str:
    """One block in this project, two where the stage is somebody else's: as import sorters want."""
    lines = ["from processors.contract import Bench, check", f"from {module} import {title}"]
    return ("\n" if module.startswith("processors.") else "\n\n").join(lines)


def _write_all(contents: dict[Path, str]) -> None:
    written: list[Path] = []
    folders: list[Path] = []
    try:
        for path, text in contents.items():
            missing = [folder for folder in path.parents if not folder.exists()]
            for folder in reversed(missing):
                folder.mkdir()
                folders.append(folder)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        for folder in reversed(folders):
            with suppress(OSError):
                folder.rmdir()
        raise Unusable(f"{error.filename}: {error.strerror}; nothing was written") from error
