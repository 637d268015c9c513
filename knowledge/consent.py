"""Consent: what a caller says to being recorded, in English or Spanish.

A refusal counts wherever it stands in a turn: one that is missed is worse than one that was none.
A yes counts only where nothing else is said.
"""

import re

from knowledge.replies import Reply, reply
from knowledge.words import fold

_FEW = r"(?:\w[\w']*\s+){0,4}"
_REFUSALS = re.compile(
    r"""\b(?:
    (?:do\s?n'?t|do\s+not|never|rather\s+not|stop|not\s+to|mustn'?t|can'?t|cannot|
       (?:am|are|is)\s+not|i'm\s+not|without|no|not|against|refuse|object)\s+FEW
        (?:record(?:\s+(?:me|us|this|it|that|the|my|our|what|any\w*|calls?|please|now)\b|\s*$)
           |(?:be|being|get|getting)\s+(?:recorded|taped)|recording\b|tap(?:e|ing)\s+(?:me|us|this))
    |(?:delete|erase|remove|destroy|cancel|end)\s+FEW (?:recording|tape)\b
    |(?:turn|switch|shut)\s+FEW (?:record(?:er|ing)|tape)\s+off
    |(?:turn|switch|shut)\s+off\s+FEW (?:record(?:er|ing)|tape)\b
    |no\s+(?:(?:me|nos|lo|la|le|se)\s+){0,2}(?:grabe[ns]?|grabeis)\b
    |(?:no\s+(?:quiero|queremos|quisiera|deseo|acepto|autorizo|consiento|permito|doy|
        estoy\s+de\s+acuerdo|estoy\s+conforme|me\s+gusta|puede[ns]?|deben?)|prefiero\s+que\s+no
        |me\s+niego|me\s+opongo|en\s+contra|sin)\s+FEW grab\w+
    |(?:pare|paren|deje|dejen|detenga|detengan|apague|apaguen|quite|quiten|corte|borre|borren
        |elimine|eliminen|desactive)\s+FEW grab\w+
    )""".replace("FEW", _FEW),
    re.VERBOSE,
)
_YES = re.compile(
    r"""(?:(?:yes|yeah|sure|ok|okay|well|si|bueno|claro|vale)\s+)*(?:
    i\s+(?:agree|consent|do\s?n'?t\s+mind|do\s+not\s+mind)|no\s+problem|not\s+at\s+all
    |(?:it's|it\s+is|that's|that\s+is)\s+(?:fine|okay|ok|all\s+right|alright)(?:\s+(?:with|by)\s+me)?
    |fine\s+(?:with|by)\s+me|you\s+(?:can|may)\s+(?:record|do\s+that)|go\s+ahead\s+and\s+record
    |estoy\s+de\s+acuerdo|no\s+hay\s+problema|sin\s+problemas?|ningun\s+problema
    |no\s+me\s+importa|puede[n]?\s+grabar(?:la|me)?|acepto|lo\s+autorizo
    )(?:\s+(?:please|thanks|thank\s+you|gracias|por\s+favor))*""",
    re.VERBOSE,
)
_NO = re.compile(
    r"""(?:(?:no|well|sorry|lo\s+siento|pues|bueno|actually)\s+)*(?:
    i\s+(?:do\s?n'?t|do\s+not)\s+(?:agree|consent|want\s+that|want\s+to)|i\s+refuse
    |i(?:'d|\s+would)\s+(?:rather|prefer)\s+not(?:\s+to)?|(?:it|that)\s+is\s+not(?:\s+(?:ok|okay))?
    |(?:it|that)(?:'s|\s+is)\s+not\s+(?:fine|ok|okay|all\s+right)
    |no\s+estoy\s+de\s+acuerdo|prefiero\s+que\s+no|no\s+(?:acepto|lo\s+autorizo|doy\s+permiso)
    |me\s+niego|mejor\s+que\s+no
    )(?:\s+(?:please|thanks|thank\s+you|gracias|por\s+favor))*""",
    re.VERBOSE,
)
_SHORT = 12
"""Words of a turn that is a refusal and nothing else."""


def refuses(text: str) -> bool:
    """Whether the turn says that the call is not to be recorded."""
    return _REFUSALS.search(_said(text)) is not None


def alone(text: str) -> bool:
    """Whether a refusal is all that the turn says."""
    return len(_said(text).split()) <= _SHORT and "?" not in text


def consent(text: str) -> Reply | None:
    """The answer to whether the call may be recorded; None where the turn says something else."""
    said = _said(text)
    if _NO.fullmatch(said) or refuses(text):
        return Reply.NO
    return Reply.YES if _YES.fullmatch(said) else reply(text)


def _said(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", fold(text).replace("’", "'")))
