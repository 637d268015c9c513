"""Documents for tests, made byte by byte where no library writes them."""

import io
from collections.abc import Sequence

import docx


def pdf(*pages: str, outline: Sequence[tuple[str, int]] = ()) -> bytes:
    """One line of text a page, in Helvetica; `outline`: titles and their pages, from 0."""
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(pages)))
    objects = {
        1: "<< /Type /Catalog /Pages 2 0 R" + (" /Outlines 4 0 R" if outline else "") + " >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects[10 + 2 * number] = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {11 + 2 * number} 0 R >>"
        )
        objects[11 + 2 * number] = f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"
    first = 10 + 2 * len(pages)
    for number, (title, page) in enumerate(outline):
        following = f"/Next {first + number + 1} 0 R " if number + 1 < len(outline) else ""
        objects[first + number] = (
            f"<< /Title ({title}) /Parent 4 0 R {following}/Dest [{10 + 2 * page} 0 R /Fit] >>"
        )
    if outline:
        last = first + len(outline) - 1
        objects[4] = f"<< /Type /Outlines /First {first} 0 R /Last {last} 0 R >>"
    return _file(objects)


def _file(objects: dict[int, str]) -> bytes:
    made = b"%PDF-1.4\n"
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(made)
        made += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(made)
    made += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        made += f"{number} 1\n{place:010} 00000 n \n".encode()
    size = max(objects) + 1
    return made + f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()


def word(*blocks: tuple[str, str], hidden: str = "") -> bytes:
    """Paragraphs with their styles; the last one may end in hidden text."""
    document = docx.Document()
    for style, text in blocks:
        paragraph = document.add_paragraph(text, style=style)
    if hidden:
        paragraph.add_run(hidden).font.hidden = True
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()
