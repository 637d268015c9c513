"""Files to sections under their headings, one format a file.

What is read here may be anybody's: `knowledge.reading` runs it in a child process.
"""

from collections.abc import Callable
from importlib import import_module

from knowledge.documents import Parsed

KINDS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".csv": "sheet",
    ".pdf": "pdf",
    ".docx": "word",
}
"""The module that reads a file, by its suffix in lower case."""
TEXTS = frozenset({"markdown", "html", "sheet"})
"""Kinds whose files are UTF-8 text."""


def reader(kind: str) -> Callable[[bytes], Parsed]:
    """Imported when it is needed: a folder of Markdown asks for no PDF."""
    read: Callable[[bytes], Parsed] = import_module(f"knowledge.formats.{kind}").read
    return read
