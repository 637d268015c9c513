"""Markdown: what a browser would show of it."""

from markdown_it import MarkdownIt

from knowledge.documents import Parsed
from knowledge.formats import html

LINE = html.LINE
_BLOCKS = frozenset(
    {"heading_open", "paragraph_open", "list_item_open", "tr_open", "fence", "code_block"}
)


def read(data: bytes) -> Parsed:
    """UTF-8, without front matter. HTML in it is read as HTML, hidden elements and all."""
    markdown = MarkdownIt("commonmark").enable("table")
    source = data.decode()
    tokens = markdown.parse(source)
    for token in tokens:
        if token.map is not None and token.type in _BLOCKS:
            token.attrSet(LINE, str(token.map[0] + 1))
    page = str(markdown.renderer.render(tokens, markdown.options, {}))
    return html.sections(page, source)
