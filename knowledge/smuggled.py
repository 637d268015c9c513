"""What a text hides from the eye, and orders to a language model that stand in it."""

import re
from html import unescape

from knowledge.unseen import UNSEEN, seen

_REVERSING = re.compile("[\u202d\u202e\U000e0000-\U000e007f]")
"""Overrides of the writing direction, and letters that no font shows: no honest text has them."""
_USUAL = frozenset("\u00ad\u200d\u200e\u200f\ufe0e\ufe0f\ufeff")
"""Hyphenation, joined emoji, direction marks, byte order marks: editors write them unasked."""
_RUN = re.compile(UNSEEN.pattern + "{9,}")
"""So many in a row spell something."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")

_ORDERS = re.compile(
    r"""
      (?<!not[ ])(?<!never[ ])(?<!n't[ ])
        \b(?:ignore|disregard|forget|override|bypass)\s+(?:\S+\s+){0,3}?
        (?:previous|prior|above|earlier|preceding|foregoing|all|any|your|system|these|other)\s+
        (?:\S+\s+){0,3}?(?:instructions?|prompts?|guidelines|rules|orders|directives)\b
    | (?<!no[ ])(?<!nunca[ ])
        \b(?:ignor[ae]|ignorad|olvid[ae]|olvides|descart[ae]|desatiend[ae]|omit[ae]|
        haz\s+caso\s+omiso\s+de|haga\s+caso\s+omiso\s+de)\s+(?:\S+\s+){0,4}?
        (?:instrucciones|indicaciones|órdenes|ordenes|reglas|directrices)\s+(?:\S+\s+)?
        (?:anteriores|previas|precedentes|recibidas|sistema)\b
    | \b(?:reveal|print|repeat|show|output|leak)\s+(?:\S+\s+){0,3}?
        (?:system|hidden|initial|secret|your)\s+(?:\S+\s+)?(?:prompts?|instructions)\b
    | \b(?:revela|revele|muestra|muestre|repite|repita)\s+(?:\S+\s+){0,3}?
        (?:tus|sus)\s+instrucciones\b
    | \byou\s+are\s+now\s+(?:an?\s+|in\s+|the\s+)?(?:\S+\s+){0,2}?
        (?:assistant|ai|model|agent|bot|mode|dan|jailbroken|unrestricted)\b
    | \b(?:a\s+partir\s+de\s+ahora|desde\s+ahora|ahora)\s+eres\s+un[ao]?\b
    | \bnew\s+(?:system\s+)?instructions?\s*:
    | \bnuevas\s+instrucciones\s*:
    | \bsystem\s+prompt\b
    | <\|(?:im_start|im_end|system|user|assistant|endoftext)\|>
    | \[/?INST\] | <</?SYS>> | </?passages?\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SHORTEST = 8
"""Characters of a piece of text in which an order fits."""


class Hostile(Exception):
    """A text that would deceive whoever reads it; `line` from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def check(text: str) -> list[tuple[int, str]]:
    """Lines with unseen characters that do no harm once they are taken out. Raises Hostile.

    `text` is the file as it stands: comments and hidden elements are looked at too.
    """
    found = _CONTROL.search(text)
    if found is not None:
        raise Hostile(f"a control character (U+{ord(found[0]):04X})", line_of(text, found.start()))
    notes = [] if text.isascii() else _unseen(text)
    order = order_in(unescape(seen(text)) if "&" in text else seen(text))
    if order is not None:
        raise Hostile(*order)
    return notes


def order_in(text: str) -> tuple[str, int] | None:
    """What is said to a model rather than to a reader, and its line."""
    if len(text) < _SHORTEST:
        return None
    found = _ORDERS.search(text)
    if found is None:
        return None
    quoted = " ".join(found[0].split())[:60]
    return f"an order to a language model: {quoted!r}", line_of(text, found.start())


def line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _unseen(text: str) -> list[tuple[int, str]]:
    bad = _REVERSING.search(text) or _RUN.search(text)
    if bad is not None:
        reason = f"characters that hide text from the eye (U+{ord(bad[0][0]):04X})"
        raise Hostile(reason, line_of(text, bad.start()))
    notes: dict[int, str] = {}
    for found in UNSEEN.finditer(text):
        if found[0] not in _USUAL:
            reason = f"an invisible character (U+{ord(found[0]):04X}) was taken out"
            notes.setdefault(line_of(text, found.start()), reason)
    return list(notes.items())
