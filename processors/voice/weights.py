"""Files that come in wheels of other people: used only if they are the ones we know."""

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path


class Unusable(Exception):
    """An embedded voice cannot be used; the text says what is missing and what to do."""


def folder(package: str) -> Path:
    """Where an installed package lies. Raises Unusable when it is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise Unusable(f"package {package!r} is not installed: install answerline[local]")
    return Path(found.origin).parent


def checked(root: Path, hashes: Mapping[str, str]) -> None:
    """Raises Unusable when a file is missing or its SHA-256 is another one."""
    for name, expected in hashes.items():
        try:
            content = (root / name).read_bytes()
        except OSError as error:
            raise Unusable(f"{name} is missing: reinstall answerline[local]") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise Unusable(f"{name} is not the known file: reinstall answerline[local]")
