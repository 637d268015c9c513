"""E-mail and postal addresses, written or spoken, as far as patterns go."""

import re
from collections.abc import Iterator, Sequence

from knowledge.privacy.harmless import MONTHS, Span, spanned
from knowledge.privacy.kinds import listed
from knowledge.privacy.numerals import Numeral, Token, numerals

_EMAIL = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4}")
_AT = frozenset({"at", "arroba", "@"})
_DOT = frozenset({"dot", "punto", "point", "period", "."})
_ENDINGS = listed("""
    com org net edu gov es mx ar co cl pe uk us io info eu me biz ca de fr it pt cat gob
    """)
_LONGEST_DOMAIN = 14
_LONGEST_NAME = 24
_BEFORE_NAME = listed("""
    is es it's its my mi email e-mail mail correo address direccion electronico to a send me
    the el la at have tengo use usa esta using under con with and y write escriba escribame
    yes si no that's thats i am soy says reach o or s
    """)

_STREETS = listed("""
    street st avenue ave road rd drive dr lane ln boulevard blvd court ct place pl terrace
    circle gardens grove row mews alley heights ridge loop cove parkway pkwy highway hwy
    square trail way crescent close
    """)
_ALSO_VERBS = listed("drive way close court place trail square")
_OBJECTS = listed("it him her them me us my the a to too in our their without home back this that")
_SIDES = listed("north south east west n s e w northeast northwest southeast southwest old new")
_PLAIN_WORDS = listed("""
    a i we they you he she it to can and or but is are was were have has had do did my your
    our the on in of for by from with not no who that this there people cars years days
    times miles percent dollars year month week hours minutes other more than out up off
    went going will would could should when if what how
    """)
_MOST_IN_STREET = 7
_CALLE = listed("""
    calle pasaje boulevard blvd privada carrer cerrada circuito andador via avenida avda av
    paseo plaza plza carretera ctra camino ronda travesia glorieta callejon urbanizacion
    bulevar calzada
    """)
_VERBS = listed("""
    es esta hay tengo tuve tiene vivo cuando donde que como y o pero con por para si un
    una choque choco accidente anoche ayer hoy coche
    """)
_MOST_TO_NUMBER = 7
_MOST_WORDS = 3
"""Of the name of a street behind its number."""
_AT_HOME = {
    ("live", "at"),
    ("lives", "at"),
    ("address", "is"),
    ("moved", "to"),
    ("direccion", "es"),
    ("domicilio", "es"),
    ("vivo", "en"),
    ("vive", "en"),
    ("vivimos", "en"),
    ("mude", "a"),
    ("it", "to"),
}
_FLAT = listed("""
    apartment apt unit suite number no # piso planta puerta portal escalera bloque numero
    num izquierda derecha izq dcha flat floor
    """)
_MOST_AFTER = 6


def emails(text: str, said: Sequence[Token]) -> list[Span]:
    spans = [spanned(said, match) for match in _EMAIL.finditer(text)]
    ends, free = {span.after for span in spans}, 0
    for at, token in enumerate(said):
        free = at if at in ends else free
        if token.text in _AT and (after := _domain(said, at + 1)) is not None:
            first = max(free, _name(said, at))
            if first < at or at == free or not said[at - 1].text.isalpha():
                spans.append(Span(first, after))
    return spans


def _domain(said: Sequence[Token], at: int) -> int | None:
    """The token after `gmail dot com`; None where no such thing begins."""
    end = None
    for here in range(at + 1, min(len(said) - 1, at + _LONGEST_DOMAIN)):
        if said[here].masked:
            break
        if said[here].text in _DOT and (after := _ending(said, here + 1)):
            end = after
    return end


def _ending(said: Sequence[Token], at: int) -> int:
    """The token after `com` or `c o m`; 0 for anything else."""
    if said[at].text in _ENDINGS:
        return at + 1
    for length in (3, 2):
        letters = [token.text for token in said[at : at + length]]
        if len("".join(letters)) == len(letters) == length and "".join(letters) in _ENDINGS:
            return at + length
    return 0


def _name(said: Sequence[Token], at: int) -> int:
    first = at
    while first > 0 and at - first < _LONGEST_NAME:
        before = said[first - 1]
        if before.masked or (before.text in _BEFORE_NAME and not _spelled(said, first - 1)):
            break
        first -= 1
    return first


def _spelled(said: Sequence[Token], at: int) -> bool:
    """A single letter beside another one, or within a number such as `treinta y ocho`."""
    near = [said[by].text for by in (at - 1, at + 1) if 0 <= by < len(said)]
    if len(said[at].text) > 1:
        return False
    return any(len(text) == 1 and text.isalpha() for text in near) or (
        bool(numerals(said[at - 1 : at])) and bool(numerals(said[at + 1 : at + 2]))
    )


def addresses(said: Sequence[Token], found: Sequence[Numeral]) -> list[Span]:
    by_first = {numeral.first: numeral for numeral in found}
    spans = []
    for at, token in enumerate(said):
        short = token.text == "c" and at + 1 < len(said) and said[at + 1].text == "/"
        if token.text in _CALLE or short:
            spans += _calle(said, at, by_first)
    for at in _announced(said):
        spans += _told(said, at, by_first)
    numbered = {numeral.after: numeral.first for numeral in found}
    for after, first in numbered.items():
        spans += _street(said, first, after, numbered)
    whole = [Span(span.first, _flat(said, span.after, by_first)) for span in _merged(spans)]
    return _merged(whole)


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Parts of one address that were found by different signs."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: one.first):
        if merged and span.first <= merged[-1].after:
            merged[-1] = Span(merged[-1].first, max(merged[-1].after, span.after))
        else:
            merged.append(span)
    return merged


def _announced(said: Sequence[Token]) -> Iterator[int]:
    """The tokens after `I live at`, `mi dirección es`."""
    for at in range(1, len(said)):
        if (said[at - 1].text, said[at].text) in _AT_HOME:
            yield at + 1


def _told(said: Sequence[Token], at: int, by_first: dict[int, Numeral]) -> list[Span]:
    """`952 Via Verde`, `Belgrano 1200`: whatever is announced as an address and has a number."""
    for here in range(at, min(len(said), at + _MOST_IN_STREET)):
        if said[here].masked or said[here].text in _PLAIN_WORDS | _VERBS | MONTHS:
            return []
        if here in by_first:
            after = by_first[here].after
            while after in by_first:
                after = by_first[after].after
            end = min(len(said), after + _MOST_WORDS)
            while after < end and said[after].text.isalpha() and not said[after].masked:
                if said[after].text in _PLAIN_WORDS | _VERBS:
                    break
                after += 1
            return [Span(at, after)]
    return []


def _street(said: Sequence[Token], first: int, after: int, numbered: dict[int, int]) -> list[Span]:
    """`12 Oak Street`, `twelve thirty four Maple Drive`."""
    for at in range(after + 1, min(len(said), after + 1 + _MOST_IN_STREET)):
        before = said[at - 1].text
        if before in _PLAIN_WORDS or before in MONTHS:
            return []
        first_mark = before == "," and at - 1 == after
        if not before.isalpha() and before not in {".", "'", "-"} and not first_mark:
            return []
        if said[at].text in _STREETS:
            later = said[at + 1].text if at + 1 < len(said) else ""
            if said[at].text in _ALSO_VERBS and later in _OBJECTS:
                return []
            return [Span(_house(said, first, numbered), at + 1)]
    return []


def _house(said: Sequence[Token], first: int, numbered: dict[int, int]) -> int:
    """The number of the house, of which `first` may be a part, or a street before it: `865 East
    42nd`."""
    while first in numbered:
        first = numbered[first]
    sided = first - 1 if first and said[first - 1].text in _SIDES else first
    return numbered[sided] if sided in numbered and sided < first else first


def _calle(said: Sequence[Token], at: int, by_first: dict[int, Numeral]) -> list[Span]:
    """`calle Mayor número 12`, `avenida de la Constitución, 45`."""
    for here in range(at + 1, min(len(said), at + 1 + _MOST_TO_NUMBER)):
        if here in by_first and here > at + 1:
            after = by_first[here].after
            while after in by_first:
                after = by_first[after].after
            return [Span(at, after)]
        if said[here].text in _VERBS or said[here].masked:
            return []
    return []


def _flat(said: Sequence[Token], after: int, by_first: dict[int, Numeral]) -> int:
    """`, apartment 3`, `, piso segundo B`: what belongs to the address behind it."""
    at = after
    while at < len(said) and at - after < _MOST_AFTER and said[at].text in {",", "."}:
        at += 1
    if at >= len(said) or said[at].text not in _FLAT:
        return after
    at += 1
    if at < len(said):
        at = by_first[at].after if at in by_first else at + 1
    touching = at < len(said) and said[at].start == said[at - 1].end
    return at + 1 if touching and len(said[at].text) == 1 and said[at].text.isalpha() else at
