"""The words of numbers and letters in English and Spanish, folded: one table for all who read."""


def counted(words: str, first: int) -> dict[str, int]:
    """Words that count upwards."""
    return {word: number for number, word in enumerate(words.split(), start=first)}


DIGITS = {
    **counted("zero one two three four five six seven eight nine", 0),
    **counted("cero uno dos tres cuatro cinco seis siete ocho nueve", 0),
    **{"oh": 0, "nought": 0, "un": 1, "una": 1, "niner": 9},
}
TEENS = {
    **counted(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10
    ),
    **counted("diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve", 10),
    **counted("veintiuno veintidos veintitres veinticuatro veinticinco veintiseis", 21),
    **counted("veintisiete veintiocho veintinueve", 27),
    **{"veintiun": 21, "veintiuna": 21},
}
"""And what Spanish writes as one word below thirty."""
TENS = {
    **counted("twenty thirty forty fifty sixty seventy eighty ninety", 2),
    **counted("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", 2),
    **{"fourty": 4},
}
HUNDREDS = {
    **counted("ciento doscientos trescientos cuatrocientos quinientos", 1),
    **counted("seiscientos setecientos ochocientos novecientos", 6),
    **counted("cien doscientas trescientas cuatrocientas quinientas", 1),
    **counted("seiscientas setecientas ochocientas novecientas", 6),
}
ORDINALS = {
    **counted("first second third fourth fifth sixth seventh eighth ninth tenth", 1),
    **counted("eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth", 11),
    **counted("eighteenth nineteenth twentieth", 18),
    **{"thirtieth": 30, "primero": 1, "primer": 1},
}
"""Of the days of a month."""
AGAIN = {"double": 2, "doble": 2, "triple": 3, "treble": 3, "quadruple": 4}
SPELLING = frozenset(
    counted(
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima "
        "mike november oscar papa quebec romeo sierra tango uniform victor whiskey yankee zulu "
        "xray",
        0,
    )
)
"""The words of the ICAO's spelling alphabet."""
LETTERS = {
    **{"ay": "A", "bee": "B", "cee": "C", "dee": "D", "ef": "F", "gee": "G", "aitch": "H"},
    **{"jay": "J", "kay": "K", "em": "M", "pee": "P", "cue": "Q"},
    **{"ar": "R", "ess": "S", "tee": "T", "vee": "V", "ex": "X", "zee": "Z", "zed": "Z"},
    **{"be": "B", "ce": "C", "de": "D", "efe": "F", "ge": "G", "hache": "H", "jota": "J"},
    **{"ka": "K", "ele": "L", "eme": "M", "ene": "N", "pe": "P", "cu": "Q", "erre": "R"},
    **{"ere": "R", "ese": "S", "te": "T", "uve": "V", "ve": "V", "equis": "X", "ye": "Y"},
    **{"zeta": "Z"},
    **{word: word[0].upper() for word in SPELLING},
}
"""Their names; many are ordinary words too."""
ORDINARY = frozenset({"de", "ve", "ere", "ay", "ar", "em"})
"""Names of letters that callers say more often as words, such as "número de póliza"."""
