"""What a caller says that a machine should not handle: somebody is in danger, or has had enough.

Danger that is only asked about ("am I covered if my house burns down"), denied or long over is a
turn like any other; a false alarm costs a sentence, a missed one may cost more, so in doubt it is
an alarm. A transcript often has no stops, so a question beside the danger has to be told from a
question about it: "who do I call, my house is on fire" is danger all the same.
"""

import re
from enum import StrEnum

from knowledge.words import fold


class Alarm(StrEnum):
    DANGER = "danger"
    ANGER = "anger"


_CLAUSE = re.compile(r"[.,;:!?¡¿]+")
_WORD = re.compile(r"[\w']+")
_ACCENTED = re.compile(r"\b(?:sí|llamé|mandé|envié|marqué)(?!\w)", re.IGNORECASE)
"""Without its accent a yes is an "if", and what is over a plea."""
_FIGURATIVE = re.compile(
    r"""\b(?:
        (?:phone|battery) (?:'s|\sis) \s dying | dying \s to | card \s (?:is|got) \s trapped
      | drowning \s in \s (?:debts?|mail|bills|paper\w*|work)
      | (?:almost|nearly) \s had \s a \s (?:heart\sattack|stroke)
      | in \s danger \s of \s (?!dying)\w+ | en \s peligro \s de \s (?!muerte|morir)\w+
      | burning \s (?:oil|fuel|gas) | quemando \s (?:mucho\s)?aceite
      | fire \s (?:alarm|station|hydrant|extinguisher|escape|door)
      | ahogando \s en \s deudas | casi \s (?:me|le|nos) \s \w+ \s un \s infarto
      | muriendo \s de \s (?:risa|hambre|sueno|calor|frio|ganas|verguenza)
      | atrapad[oa]s? \s en \s (?:el\s|un\s)?(?:trafico|atasco|trancon)
    )\b""",
    re.VERBOSE,
)
_DANGER = re.compile(
    r"""\b(?:
        (?:is|are|am|'s|'re|'m|im|got|been|badly|seriously) \s
            (?:(?:badly|seriously|severely|all|still|up)\s)?
            (?:hurt|bleeding|injured|unconscious|trapped|choking|on\sfire|in\sflames
            |catching\sfire|burning|in\sdanger|being\sattacked|drowning|dying)
      | (?:been|got) \s (?:stabbed|shot) | (?:stabbed|shooting) \s (?:me|us|him|her)
      | (?:not|isn't|stopped) \s breathing
      | can(?:'?t|not|\snot|\s(?:barely|hardly)) \s breathe
      | (?:have|having|has|got|feel) \s (?:\w+\s){0,2} chest\spains? | chest \s hurts
      | (?:having|had) \s an? \s (?:heart\sattack|stroke|seizure)
      | there(?:'s|\sis) \s an? \s (?:fire|gas\sleak|(?:intruder|burglar|thief)\sin)
      | (?:have|got) \s a \s gas\sleak | gas \s is \s leaking
      | (?:smell|smells|smelling) \s (?:of\s)?(?:gas|smoke)
      | (?:need|call|send|get) (?:\s\w+){0,2} \s
            (?:ambulance(?!\s(?:bill|ride|charge|cost|claim))|paramedics|fire\sbrigade)
      | (?: (?<!\bto\s)(?<!\bi\s)(?<!\bwe\s)(?<!\bthey\s) | (?:need|you|someone|somebody)\sto\s )
            (?:call|dial) \s (?:911|9\s1\s1|nine\sone\sone|112|999)
      | (?:someone|somebody|he|she|they) (?:\sis|\sare|'s|'re) \s
            (?:breaking|trying\sto\sbreak) \s in(?:to)?
      | (?:kill|hurt|harm) \s myself | end \s my \s life | suicid\w*
      | (?:has|have|with) \s (?:a|the) \s (?:gun|knife) | in \s danger | being \s attacked
      | (?:this|it) (?:'s|\sis) \s an \s emergency | life \s threatening
      | (?<!\bno\s) (?:esta[ns]?|estoy|estamos) \s (?:(?:muy|gravemente|todavia|todo|toda)\s)?
            (?:herid[oa]s?|sangrando|desangrando|inconscientes?|atrapad[oa]s?|ahogando|muriendo
            |en\sllamas|en\speligro)
      | (?<!\bno\s) (?:se\sesta|esta|estan) \s (?:quemando|ardiendo|incendiando)
      | se \s (?:me\s|nos\s)? (?:quema|incendia) \s (?:la|mi|nuestra|el) \s
            (?:casa|cocina|piso|departamento|apartamento|edificio|cuarto)
      | (?:no|apenas) \s (?:respira|puedo\srespirar|puede\srespirar)
      | (?<!\bno\s) hay \s (?:un[oa]?s?\s|much[oa]s?\s|una\spersona\s)?
            (?:incendio|fuego|herid[oa]s?|(?:fuga|escape)\sde\sgas|ladron(?:es)?\sen)
      | (?<!\bno\s) huele \s a \s (?:gas|humo|quemado) | (?:un|de) \s (?:infarto|derrame) \s* $
      | (?:esta|estoy) \s (?:dando|teniendo|sufriendo) \s un \s (?:infarto|derrame|ataque)
      | (?:tengo|tiene|siento|siente) \s (?:\w+\s){0,3} dolor(?:es)? \s (?:\w+\s){0,3} pecho
      | duele \s (?:mucho\s)? el \s pecho
      | (?:me|lo|la|le|nos) \s (?:han?\s)? (?:apunal|acuchill)(?:ado|aron|o) \b
      | (?:necesit(?:o|amos)|llam(?:en?|ad|a)|manden?|envien?) (?:\s\w+){0,2} \s
            (?:ambulancia|bomberos)
      | (?<!\bya\s) (?:llam(?:en?|ad|a)|marquen?) \s (?:ya\s)? al? \s
            (?:911|9\s1\s1|nueve\s(?:once|uno\suno)|112|uno\suno\sdos)
      | (?:matarme|suicid\w*|hacerme\sdano|quitarme\sla\svida) | quiero \s morir(?:me)?
      | (?:tiene|con) \s (?:una?) \s (?:pistola|arma|cuchillo) | en \s peligro
      | es \s una \s emergencia
    )""",
    re.VERBOSE,
)
_INTRUDER = re.compile(
    r"""\b(?:
        (?:broke|broken|breaks|burglars?|intruders?|thief|thieves|robbers?) (?:\s[\w']+){1,12}? \s
            still \s (?:here|inside|in\s(?:the|my|our)\s\w+)
      | (?:entr(?:o|aron|ado)|meti(?:o|eron|do)|ladron(?:es)?|intrusos?) (?:\s\w+){1,12}? \s
            (?:siguen?|todavia\sestan?|aun\sestan?) \s (?:aqui|a?dentro|en\s(?:la|mi)\scasa)
    )\b""",
    re.VERBOSE,
)
_CRY = re.compile(
    r"""(?:(?:oh|my|god|please|somebody|someone|ay|dios|mio|por|favor) \s)*
        (?:help\s(?:me|us|help|please) | (?:please|somebody|someone)\shelp | fire | fuego
        | socorro | auxilio | ayud(?:en|e|a)(?:me|nos))
        (?:\s(?:help|me|us|please|now|quick|fire|fuego|socorro|auxilio|ayud\w+|por|favor))*""",
    re.VERBOSE,
)
"""A whole turn: "please help me" beside anything else is a courtesy."""

_LINK = r"and|or|if|when|while|does|did|should|for|y|o|si|cuando"
_JOINT = (
    rf"{_LINK}|\w+ing|of|in|at|on|with|by|from|to|into|near|behind|that|because|find|think|says?"
    r"|know|suddenly|maybe|only|day|tomorrow|de|del|en|con|por|al?|que|porque|repente|dia|manana"
)
_SUBJECT = r"""
    (?:(?:my|our|the|his|her|their|this|an?|another|mis?|nuestr[oa]s?|las?|el|los|una?)
        (?:\s(?!(?:and|or|if|when|who|that|which|for|covers?|pays?|y|o|si|cuando|que)\b)[\w']+){1,5}
      |(?:im|(?:i|he|she|it|we|you|they|there|someone|somebody|everyone)(?:'\w+)?)
        (?:\s(?:am|is|are|has|have|been|just|think|feel|want|need|going|to|an?|man)){0,3}) $
"""
_AFRESH = re.compile(rf"(?:^|\b(?!(?:{_LINK}|covers?|cubren?)\b)[\w']+\s){_SUBJECT}", re.VERBOSE)
"""What follows a question's words has a sentence of its own before the danger."""
_APART = re.compile(
    rf"""^(?!.*\b(?:who|alguien\sque|persona\sque)\b)
        (?!(?:mi|la|el|una?|(?:en|in|at|on)\s\w+)(?:\s\w+){{1,2}}\sit$)
        .*\b(?!(?:{_JOINT})\b)[\w']+\s{_SUBJECT}""",
    re.VERBOSE,
)
"""The same after an "if", whose own sentence comes first."""
_IF = re.compile(
    r"""\b(?: (?<!\bas\s)(?<!don't\sknow\s)(?<!not\ssure\s) if | in\scase
      | when(?:ever)?(?!\s\w+\s(?:was\s\w+ing|got\shome|came|woke|heard|saw|opened)\b)
      | suppos(?:e|ing) | (?<!\bcomo\s)(?<!\bno\sse\s) si | cuando(?!\sestaba\b)
      | en\s(?:el\s)?caso(?:\sde\sque)? )\b""",
    re.VERBOSE,
)
_ASKED = re.compile(
    r"""\b(?: cover(?:s|ed)? | cubren? | cubiert[oa]s? )\b
      | ^ (?:(?:so|and|but|um|uh|well|okay|hi|hello|oiga|pues|bueno|hola|a)\s)*
        (?: does | do | did | what(?!\s(?:do|should|can)\s(?:i|we)\sdo\b)
          | who(?!\s(?:do|should|can)\s(?:i|we)\scall\b) | how | which | will | would | is | are
          | am\si | que(?!\s(?:hago|hacemos)\b) | cuanto | quien(?!\sllamo\b) | como | cual )\b""",
    re.VERBOSE,
)
"""Who asks what to do is in it, unless an "if" follows."""
_DENIED = re.compile(
    r"""\b(?: nobody | no\sone | none\sof\s\w+ | nadie | not | never | (?:do|did|does|was|have)n't
      | (?<!\bi\s)(?<!\bwe\s) do \s (?:i|we|you|they) (?:\s(?:need|have)\sto)?
      | (?:does|did) \s (?:i|we|you|they|he|she|it|(?:my|the|your)\s\w+)
            (?:\s(?:need|have)\sto)? ) $""",
    re.VERBOSE,
)
"""Just before the danger; "do I need an ambulance" says no more than that."""
_COMPLETE = re.compile(
    r"(?:there|this|it|someone|somebody|he|she|they|please|hay|huele|estoy|estamos|se|no|apenas"
    r"|me|lo|la|le|nos|es|duele|quiero|tengo|siento|necesit\w+|llam\w+|mande?n?|envien?|marque?n?"
    r"|entr\w+|meti\w+)\b"
)
"""Danger whose sentence has no words before it."""
_OVER = re.compile(
    r"""\b(?: (?<!since\s)(?:yesterday|last\s\w+) | (?:days?|weeks?|months?|years?) \s ago
      | in \s (?:january|february|march|april|may|june|july|august|september|october|november
          |december|(?:19|20)\d\d)
      | on \s (?:mon|tues|wednes|thurs|fri|satur|sun)day
      | (?<!desde\s)(?:ayer|anoche) | (?:ano|mes|semana|verano|invierno) \s pasad[oa]
      | (?<!desde\s)hace \s \w+ \s (?:dias?|semanas?|mes(?:es)?|anos?) (?!\sque\b)
      | en \s (?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre
          |diciembre) )\b""",
    re.VERBOSE,
)
_PAST = re.compile(r"(?:got|had|been)\b(?!.*(?:stabbed|shot))")
"""Told beside a question, it is what the question is about."""
_MAY_BE_OVER = re.compile(
    r"got|been|had|stopped|stabbed|shooting|badly|seriously|with|call|llam|un |de |tiene|con "
    r"|.*(?:hurt|injured|herid|apunal|acuchill)"
)
"""The rest is in the present tense and cannot be."""
_ON = re.compile(r"\b(?:and|but|because|so|now|i|he|she|it|we|they|y|pero|porque|ahora)\b")
"""Between a time and the danger: it is another thing's time."""
LONGEST = 2000
"""Characters that are read of one turn, its first and its last ones: minutes of speech. What it
costs is bounded, whatever is said."""
_REACH = 120
"""Characters before the danger in which a word can make it a question."""
_ANGER = re.compile(
    r"""\b(?:
        (?:this|that|it) (?:'s|\sis) \s (?:\w+\s)?
            (?:ridiculous|unacceptable|outrageous|bullshit|disgraceful
            |a\s(?:complete\s|total\s)?(?:joke|disgrace|scandal|nightmare))
      | (?:i'm|i\sam) \s (?:(?!not\b)\w+\s)?
            (?:furious|fed\sup|pissed|livid|sick\s(?:and\stired\s)?of|angry|mad\sat)
      | (?:i'm|i\sam) \s (?:really|very|so|extremely) \s (?:mad|upset|annoyed|frustrated)
      | (?:i've|i\shave) \s had \s (?:(?:just\sabout|more\sthan)\s)? enough
            (?= $ | \s+(?:of|with|now|already|and|i|you|this|please)\b)
      | fuck\w* | bullshit
      | (?:you|you're|you\sare) (?:\s\w+){0,2} \s (?:useless|stupid|idiots?|morons?|incompetent)
      | worst \s (?:service|company|customer) | (?:i\swill|i'll|going\sto) \s sue
      | (?:terrible|horrible|awful|appalling) \s (?:customer\s)? service
      | esto \s es \s (?:\w+\s)?
            (?:ridiculo|inaceptable|indignante|intolerable
            |una\s(?:verguenza|broma|tomadura\sde\spelo|estafa|burla))
      | (?<!\bno\s) estoy \s (?:\w+\s)?
            (?:hart[oa]|furios[oa]|indignad[oa]|cabread[oa]|hasta\slas?\s\w+|enfadad[oa]|enojad[oa])
      | estoy \s (?:muy|super) \s molest[oa]
      | (?:mierda|joder|cono|chingad\w+)
      | (?:son|es|eres) \s (?:unos?\s|unas?\s)? (?:inutil\w*|idiotas?|incompetentes?)
      | son \s (?:todos\s)? un[oa]s \s (?:ladron[ea]s|sinverguenzas|estafador[ea]s|mentiros[oa]s)
      | no \s sirve[ns]? \s para \s nada | (?:voy|vamos) \s a \s (?:demandar|denunciar)\w*
      | que \s servicio \s (?:tan|mas) \s (?:malo|pesimo|horrible) | pesimo \s servicio
    )\b""",
    re.VERBOSE,
)


def alarm(text: str) -> Alarm | None:
    """Of a finished turn, in English or Spanish; danger before anger."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}. {text[-LONGEST // 2 :]}"
    folded = fold(_ACCENTED.sub(" ", text)).replace("’", "'")
    clauses = [_plain(clause) for clause in _CLAUSE.split(folded)]
    said = " ".join(filter(None, clauses))
    if _CRY.fullmatch(said) or any(
        _present(words, found)
        for pattern, texts in ((_DANGER, clauses), (_INTRUDER, [said]))
        for words in texts
        for found in pattern.finditer(words)
    ):
        return Alarm.DANGER
    return Alarm.ANGER if _ANGER.search(said) else None


def _plain(clause: str) -> str:
    return _FIGURATIVE.sub(" ", " ".join(_WORD.findall(clause)))


def _present(words: str, danger: re.Match[str]) -> bool:
    """Neither asked about nor denied nor over."""
    start = danger.start()
    since = max(0, start - _REACH)
    if _DENIED.search(words[since:start].rstrip()) or _over(words, danger):
        return False
    if _PAST.match(danger.group()) and (_IF.search(words) or _ASKED.search(words)):
        return False
    subject = " it" if _COMPLETE.match(danger.group()) else ""
    return all(
        begins.search((words[word.end() : start].rstrip() + subject).strip())
        for asking, begins in ((_IF, _APART), (_ASKED, _AFRESH))
        for word in asking.finditer(words, since, start)
    )


def _over(words: str, danger: re.Match[str]) -> bool:
    if not _MAY_BE_OVER.match(danger.group()):
        return False
    start, end = danger.span()
    return any(
        not _ON.search(words[min(end, time.end()) : max(start, time.start())])
        for time in _OVER.finditer(words, max(0, start - _REACH), end + _REACH)
    )
