"""The version before this one, from the project's history."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[3]
BACK = 10
"""Steps of the main line back to what counts as the version before, where none has a tag."""


class NoHistory(Exception):
    """Why there is no such version here."""


@contextmanager
def previous(revision: str = "") -> Iterator[Path]:
    """Its files, in a folder that goes again. "": the newest tag before this commit, or `BACK`
    steps back. Raises NoHistory."""
    commit = commit_of(revision)
    with tempfile.TemporaryDirectory(prefix="answerline-previous-") as folder:
        tree = Path(folder) / commit[:12]
        try:
            _git("worktree", "add", "--detach", "--quiet", str(tree), commit)
            yield tree
        finally:
            with suppress(NoHistory):  # it was not even begun
                _git("worktree", "remove", "--force", str(tree))


def commit_of(revision: str = "") -> str:
    """Raises NoHistory."""
    if revision:
        return _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    for wanted in (_tag, lambda: f"HEAD~{BACK}"):
        try:
            return _git("rev-parse", "--verify", "--quiet", f"{wanted()}^{{commit}}")
        except NoHistory:
            continue
    raise NoHistory(f"no tag before this commit, and no {BACK} commits (git history is needed)")


def _tag() -> str:
    return _git("describe", "--tags", "--abbrev=0", "HEAD^")


def _git(*words: str) -> str:
    """What it prints. Raises NoHistory."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *words],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", "") or str(error)
        raise NoHistory(str(told).strip()) from error
    return done.stdout.strip()
