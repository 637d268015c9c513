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
_COMMANDS = re.compile(
    r"""
    \b(?=[dfinos])  # saves half of the time
    (?: (?:do\s+not|don['’]t|never|stop)\s+(?:follow|obey|heed)(?:ing)?\s+
        (?:(?:the|any|all|of|these|those|your)\s+){0,3}
        (?:(?:previous|prior|above|earlier|preceding|foregoing|system)\s+){1,2}
        (?:instructions?|prompts?|guidelines|rules|orders|directives)\b
        (?!\s+(?:if|unless|when|until|while|for|after|before|during|in|on)\b)
    | no\s+(?:sig[ao]s?|sigan|obedezc[ao]s?|obedezcan|ha(?:gas?|gan)\s+caso\s+(?:a|de))\s+
        (?:(?:a|las|los|de|tus|sus)\s+){0,3}
        (?:instrucciones|indicaciones|órdenes|ordenes|reglas|directrices)\s+
        (?:anteriores|previas|precedentes|recibidas|del\s+sistema)\b
        (?!\s+(?:si|cuando|hasta|mientras|para|en|al?)\b)
    | (?:forget|ignore|disregard)\s+(?:about\s+)?everything\s+(?:that\s+)?
        (?:(?:is|was|were|comes|came|stands|written|said|told|you\s+were|you\s+have\s+been)\s+){0,2}
        (?:above|before|so\s+far|(?:until|up\s+to)\s+now)\b
        (?= \s*(?:[.!?,;:"'”’»)\]<*–—-]|\Z) | \s*\n\s*\n | \s+(?:and|then|now|from)\b )
    | (?:olvid[ae]|olvidad|olvídate\s+de|olvídese\s+de|ignor[ae]|ignorad|descart[ae])\s+todo\s+
        (?:el\s+texto\s+anterior | lo\s+(?:(?:dicho|escrito|que\s+(?:está|hay|viene))\s+)?
        (?:anterior|previo|precedente|(?:de\s+)?arriba|antes|hasta\s+ahora))\b(?!\s+(?:al?|de)\b)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Orders where they begin a sentence: "if you do not follow the above rules" is none."""
_BEGINNING = re.compile(
    r"(?:\A|[^\w\s]|\b(?:please|now|then|and|but|por\s+favor|ahora|y|pero))\s*\Z", re.IGNORECASE
)
_CONDITION = re.compile(
    r"\b(?:if|when|unless|once|who|si|cuando|quienes?)\b(?:(?!\n\s*\n)[^.!?:;])*\Z", re.IGNORECASE
)
_BEFORE = 200
"""Characters before an order that tell whether it is one."""

_MACHINE = r"""
    (?:(?:ai|virtual|voice|digital)\s+(?:assistant|agent|bot|model)s? | a\.?i\.? | llms? | chatgpt
    | (?:large\s+)?language\s+models? | (?:chat|voice)?bots? | inteligencia\s+artificial | ia
    | (?:asistente|agente)s?\s+(?:virtual(?:es)?|de\s+voz|de\s+ia) | modelos?\s+de\s+lenguaje)
"""
_TELL_CALLERS = r"""
    (?: (?:tell|inform|instruct|direct|transfer|send|ask|refer|connect|forward|advise|persuade)
        \s+(?: (?:(?:the|every|each|all|any|our|your|of)\s+){0,3}callers?
              | (?:every|each|all|any)\s+(?:(?:of|our|your|the)\s+){0,2}(?:customer|client|user)s?)
      | (?:di(?:les?)?|diga(?:n|le|les)?|dígales?|inform[ae]|pídeles?|pídales?|transfier[ae])
        \s+al?\s+(?:(?:todos|cada|quien|quienes|los|las|el|la|que|cualquiera)\s+){0,4}
        (?:llam[ae]n?|llamantes?|clientes?|usuarios?)
    )\b
"""
_ADDRESSED = re.compile(
    rf"""
    \b(?=[abdfhimnrsu])(?<!\w[ \t])
    (?: (?:(?:an?|important|urgent|final|special)\s+){{0,2}}
        (?:note|message|instructions?|notice|reminder|hint)\s+(?:to|for)\s+
        (?:(?:the|any|all|every|an)\s+)?{_MACHINE}(?:\s+reading\s+this)?[*_]*\s*[:–—-]
      | (?:nota|mensaje|instrucci(?:ón|ones)|aviso)\s+(?:para|a)\s+
        (?:(?:la|el|los|las|toda|cualquier)\s+)?{_MACHINE}[*_]*\s*[:–—-]
      | (?:attention|dear|atención)\s+(?:all\s+)?{_MACHINE}\s*[,:!]
      | if\s+you\s+are\s+an?\s+{_MACHINE}(?:\s*[,:]|\s+(?:reading|processing|answering)\b)
      | (?:system|assistant|developer|ai|bot|sistema|asistente)
        (?:\s+(?:message|note|notice|override|update|mensaje))?
        [*_]{{0,2}}\s*[:\]>][\]>*_\s"'-]{{0,8}}
        (?: (?:from\s+(?:now|here|this\s+(?:moment|point))\s+on(?:wards)?|henceforth)\b
          | (?:a\s+partir\s+de|desde)\s+(?:ahora|este\s+momento)\b | de\s+ahora\s+en\s+adelante\b
          | (?:(?:always|please|you\s+must|siempre)\s+)?{_TELL_CALLERS}
        )
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Said to a machine by name or part: "System: Windows" gives no order."""
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_ASIDE = re.compile(
    rf"""
      \b(?:when|whenever|if|before)\s+you\s+(?:answer|reply|respond|speak|are\s+asked)\b
    | \bcuando\s+(?:respondas?|contestes?|hables?|te\s+pregunten)\b
    | \b{_TELL_CALLERS}
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A handbook says so to people, aloud; in a comment it is said to the model alone."""
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
    told = unescape(seen(text)) if "&" in text else seen(text)
    order = order_in(told) or _order_aside(told)
    if order is not None:
        raise Hostile(*order)
    return notes


def order_in(text: str) -> tuple[str, int] | None:
    """What is said to a model rather than to a reader, and its line."""
    if len(text) < _SHORTEST:
        return None
    found = _ORDERS.search(text) or _ADDRESSED.search(text)
    if found is None:
        commands = _COMMANDS.finditer(text)
        found = next((one for one in commands if _commanding(text, one.start())), None)
    return _order(found[0], text, found.start()) if found is not None else None


def _order_aside(text: str) -> tuple[str, int] | None:
    for comment in _COMMENT.finditer(text):
        for found in _ASIDE.finditer(comment[1]):
            if _begins(comment[1], found.start()):
                return _order(found[0], text, comment.start(1) + found.start())
    return None


def _order(found: str, text: str, at: int) -> tuple[str, int]:
    quoted = " ".join(found.split())[:60]
    return f"an order to a language model: {quoted!r}", line_of(text, at)


def _commanding(text: str, at: int) -> bool:
    before = text[max(0, at - _BEFORE) : at]
    return _begins(text, at) and _CONDITION.search(before) is None


def _begins(text: str, at: int) -> bool:
    """A sentence, or a clause that may stand alone."""
    before = text[max(0, at - _BEFORE) : at]
    new_line = text[at].isupper() and before.rstrip(" \t").endswith("\n")
    return new_line or _BEGINNING.search(before) is not None


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
