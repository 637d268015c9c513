"""What a caller says that a machine should not handle: somebody is in danger, or has had enough.

Danger that is only asked about ("am I covered if my house burns down") is a question like any
other; a false alarm costs a sentence, a missed one may cost more, so in doubt it is an alarm.
"""

import re
from enum import StrEnum

from knowledge.words import fold


class Alarm(StrEnum):
    DANGER = "danger"
    ANGER = "anger"


_CLAUSE = re.compile(r"[.,;:!?¡¿]+")
_WORD = re.compile(r"[\w']+")
_DANGER = re.compile(
    r"""\b(?:
        (?:is|are|am|'s|'re|'m|got|been|badly|seriously) \s
            (?:badly\s|seriously\s|severely\s|all\s)?
            (?:hurt|bleeding|injured|unconscious|dying|trapped|drowning|choking|on\sfire)
      | (?:not|isn't|stopped) \s breathing | can(?:'t|not|\snot) \s breathe
      | (?:having|had) \s an? \s (?:heart\sattack|stroke|seizure)
      | there(?:'s|\sis) \s an? \s fire | (?:smell|smells|smelling) \s (?:of\s)?(?:gas|smoke)
      | (?:need|call|send|get) (?:\s\w+){0,2} \s (?:ambulance|paramedics|fire\sbrigade)
      | (?:kill|hurt|harm) \s myself | end \s my \s life | suicid\w*
      | (?:has|have|with) \s (?:a|the) \s (?:gun|knife) | in \s danger | being \s attacked
      | (?:this|it) (?:'s|\sis) \s an \s emergency | life \s threatening
      | esta[ns]? \s (?:muy\s|gravemente\s)?
            (?:herid[oa]s?|sangrando|inconscientes?|atrapad[oa]s?|ahogando|muriendo)
      | (?:no|apenas) \s (?:respira|puedo\srespirar|puede\srespirar)
      | hay \s (?:un\s)? (?:incendio|fuego|heridos)
      | (?:se\sesta|esta) \s (?:quemando|ardiendo|incendiando)
      | huele \s a \s (?:gas|humo|quemado) | (?:un|de) \s (?:infarto|derrame) \s* $
      | (?:necesito|llamen?|manden?|envien?) (?:\s\w+){0,2} \s (?:ambulancia|bomberos)
      | (?:matarme|suicid\w*|hacerme\sdano|quitarme\sla\svida) | quiero \s morir(?:me)?
      | (?:tiene|con) \s (?:una?) \s (?:pistola|arma|cuchillo) | en \s peligro
      | es \s una \s emergencia
    )""",
    re.VERBOSE,
)
_SUPPOSED = re.compile(
    r"""\b(?: if | what\shappens\swhen | in\scase | covers? | covered | would | could
      | si | en\scaso\sde | cubren? | cubiert[oa]s? | que\spasa\scuando
      | yesterday | last\s(?:year|month|week)
      | ayer | el\s(?:ano|mes)\spasado | la\ssemana\spasada )\b
      | ^ (?: does | do | what | who | how | which | will | am\si | cuanto | quien | como )\b""",
    re.VERBOSE,
)
"""Asked about, or over."""
_ANGER = re.compile(
    r"""\b(?:
        (?:this|that|it) (?:'s|\sis) \s (?:\w+\s)?
            (?:ridiculous|unacceptable|outrageous|bullshit|disgraceful
            |a\s(?:complete\s|total\s)?(?:joke|disgrace|scandal|nightmare))
      | (?:i'm|i\sam) \s (?:\w+\s)?
            (?:furious|fed\sup|pissed|livid|sick\s(?:and\stired\s)?of)
      | (?:i'm|i\sam) \s (?:really|very|so|extremely) \s (?:angry|upset|annoyed|frustrated)
      | fuck\w* | bullshit
      | (?:you|you're|you\sare) (?:\s\w+){0,2} \s (?:useless|stupid|idiots?|morons?)
      | worst \s (?:service|company|customer) | (?:i\swill|i'll|going\sto) \s sue
      | esto \s es \s (?:\w+\s)?
            (?:ridiculo|inaceptable|indignante|intolerable
            |una\s(?:verguenza|broma|tomadura\sde\spelo|estafa|burla))
      | estoy \s (?:\w+\s)? (?:hart[oa]|furios[oa]|indignad[oa]|cabread[oa]|hasta\slas?\s\w+)
      | estoy \s (?:muy|super) \s (?:enfadad[oa]|enojad[oa]|molest[oa])
      | (?:mierda|joder|cono|chingad\w+)
      | (?:son|es|eres) \s (?:unos?\s|unas?\s)? (?:inutil\w*|idiotas?|incompetentes?)
      | no \s sirve[ns]? \s para \s nada | (?:voy|vamos) \s a \s (?:demandar|denunciar)\w*
    )\b""",
    re.VERBOSE,
)


def alarm(text: str) -> Alarm | None:
    """Of a finished turn, in English or Spanish; danger before anger.

    Clause by clause: "my kitchen is on fire, am I covered?" is danger all the same.
    """
    clauses = [_plain(clause) for clause in _CLAUSE.split(fold(text).replace("’", "'"))]
    if any(_DANGER.search(clause) and not _SUPPOSED.search(clause) for clause in clauses):
        return Alarm.DANGER
    return Alarm.ANGER if _ANGER.search(" ".join(clauses)) else None


def _plain(clause: str) -> str:
    return " ".join(_WORD.findall(clause))
