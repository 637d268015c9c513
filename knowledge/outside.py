"""What people ask that is out of scope: shipped sentences that no entry answers."""

from importlib import resources

LANGUAGES = ("en", "es")


def strangers(language: str) -> list[str]:
    """What no entry answers; none in a language that has none."""
    return _lines(f"{language}.txt") if language.isalpha() else []


def unseen(language: str) -> list[str]:
    """The same, and nothing was ever fitted to these, or is compared with them."""
    return _lines("unseen", f"{language}.txt") if language.isalpha() else []


def _lines(*path: str) -> list[str]:
    file = resources.files("knowledge").joinpath("out_of_scope", *path)
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
