"""DOCX: paragraphs and tables, under their headings; hidden text is not read."""

import io
import zipfile
from collections.abc import Iterator

from docx import Document
from docx.opc.exceptions import OpcError
from docx.oxml.exceptions import InvalidXmlError
from docx.table import Table
from docx.text.paragraph import Paragraph

from knowledge.documents import Parsed, Section
from knowledge.plainyaml import Unreadable

LARGEST = 100_000_000
"""Bytes that a file may unpack to."""
MOST = 2000
"""Parts of a file."""


def read(data: bytes) -> Parsed:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
            if unpacked > LARGEST or len(parts.infolist()) > MOST:
                raise Unreadable(f"unpacks to more than {LARGEST:,} bytes or {MOST:,} parts", 1)
        document = Document(io.BytesIO(data))
    except (zipfile.BadZipFile, OpcError, InvalidXmlError) as error:
        raise Unreadable("not a DOCX file that can be read", 1) from error
    core = document.core_properties
    sections: list[Section] = []
    headings: list[tuple[int, str]] = []
    blocks: list[str] = []
    first = 1

    def end() -> None:
        if blocks:
            told = tuple(heading for _, heading in headings)
            sections.append(Section(told, "\n\n".join(blocks), first))
            blocks.clear()

    for number, (level, text) in enumerate(_blocks(document.iter_inner_content()), 1):
        if not text:
            continue
        if level:
            end()
            headings = [known for known in headings if known[0] < level] + [(level, text)]
        else:
            first = first if blocks else number
            blocks.append(text)
    end()
    return Parsed(
        tuple(sections),
        title=" ".join((core.title or "").split()),
        language=(core.language or "").replace("_", "-").partition("-")[0].lower(),
    )


def _blocks(items: Iterator[Paragraph | Table]) -> Iterator[tuple[int, str]]:
    """Level of a heading (0: none) and text, in the document's order."""
    for item in items:
        if isinstance(item, Paragraph):
            yield _level(item), _shown(item)
        else:
            for row in item.rows:
                cells = dict.fromkeys(
                    " ".join(_shown(paragraph) for paragraph in cell.paragraphs)
                    for cell in row.cells
                )
                yield 0, "; ".join(cell for cell in cells if cell)


def _level(paragraph: Paragraph) -> int:
    """The style's id is English in every language of Word."""
    style = (paragraph.style.style_id or "") if paragraph.style is not None else ""
    if style == "Title":
        return 1
    number = style.removeprefix("Heading")
    return int(number) + 1 if number != style and number.isdecimal() else 0


def _shown(paragraph: Paragraph) -> str:
    text = "".join(run.text for run in paragraph.runs if not run.font.hidden)
    if not paragraph.hyperlinks:
        return " ".join(text.split())
    inner = paragraph.iter_inner_content()
    return " ".join(
        "".join(
            item.text
            for item in inner
            if not any(run.font.hidden for run in getattr(item, "runs", [item]))
        ).split()
    )
