"""The secret that callers' names are made with: without it no number can be tried out on them."""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from agent.settings import Settings

FILE = "callers.key"
"""Under DATA_DIR; only where TWILIO_AUTH_TOKEN is not set."""
_LENGTH = 32


def pepper(settings: Settings) -> bytes:
    """The same in all workers, and after a restart. Raises OSError."""
    if tokens := settings.twilio_auth_tokens:
        # the last one: while a token is replaced, the one that names were made with
        return hmac.digest(tokens[-1].encode(), b"answerline callers", "sha256")
    return _kept(Path(settings.data_dir) / FILE)


def _kept(path: Path) -> bytes:
    """Made once: of two that come at the same time, one makes it."""
    with suppress(FileNotFoundError):
        if len(found := path.read_bytes()) == _LENGTH:
            return found
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    unnamed = path.with_name(f"{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(unnamed, path)
    finally:
        unnamed.unlink()
    return path.read_bytes()
