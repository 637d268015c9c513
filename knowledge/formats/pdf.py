"""PDF: the text of its pages, under the headings of its outline."""

import io
import re
from collections import Counter
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import Destination

from knowledge.documents import Parsed, Section
from knowledge.plainyaml import Unreadable

PAGES = 2000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")
_RUNNING = 4
"""Pages from which a line that stands on most of them is a running title."""
_DEEPEST = 8


def read(data: bytes) -> Parsed:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("encrypted: expected a PDF that opens without a password", 1)
        if len(reader.pages) > PAGES:
            raise Unreadable(f"{len(reader.pages):,} pages; expected at most {PAGES:,}", 1)
        pages = [_CONTROL.sub(" ", page.extract_text()) for page in reader.pages]
        title = str((reader.metadata and reader.metadata.title) or "")
        outline = _outline(reader)
    except PyPdfError as error:
        raise Unreadable("not a PDF that can be read", 1) from error
    if not any(page.strip() for page in pages):
        raise Unreadable("no text in it: scanned pages are not read", 1)
    sections = tuple(
        Section(outline.get(number, ()), _HYPHEN.sub("", page), number + 1)
        for number, page in enumerate(_without_running_titles(pages))
        if page.strip()
    )
    return Parsed(sections, title=" ".join(title.split()))


def _outline(reader: PdfReader) -> dict[int, tuple[str, ...]]:
    """By page, from 0: the headings that are in force where the page begins or that begin on it."""
    starts = dict(_starts(reader, reader.outline, ()))
    headings: dict[int, tuple[str, ...]] = {}
    now: tuple[str, ...] = ()
    for page in range(len(reader.pages)):
        now = headings[page] = starts.get(page, now)
    return headings


def _starts(
    reader: PdfReader, items: object, above: tuple[str, ...]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    last = above
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Destination):
            last = (*above, " ".join(str(item.title or "").split()))
            page = reader.get_destination_page_number(item)
            if page is not None and page >= 0:
                yield page, last
        elif len(above) < _DEEPEST:
            yield from _starts(reader, item, last)


def _without_running_titles(pages: list[str]) -> list[str]:
    seen = Counter(line for page in pages for line in {_bare(line) for line in page.splitlines()})
    if len(pages) < _RUNNING:
        return pages
    running = {line for line, count in seen.items() if count > len(pages) / 2}
    return [
        "\n".join(line for line in page.splitlines() if _bare(line) not in running)
        for page in pages
    ]


def _bare(line: str) -> str:
    """Without the page's number."""
    return re.sub(r"\d+", "", line).strip()
