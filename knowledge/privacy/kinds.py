"""What a masked number is, by its shape and by the words around it."""

from enum import StrEnum

_CARD = range(13, 20)
_PHONE = range(7, 16)
_SSN, _DNI, _NIE, _IBAN, _PHONE_ES = 9, 8, 7, 14, 9
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def listed(words: str) -> frozenset[str]:
    """Words with spaces between them."""
    return frozenset(words.split())


class Kind(StrEnum):
    """Of personal data; the value is what stands in its place, in brackets."""

    CARD = "card number"
    CVV = "security code"
    SSN = "social security number"
    DNI = "identity number"
    IBAN = "account number"
    PHONE = "phone number"
    EMAIL = "email address"
    BIRTH = "date of birth"
    ADDRESS = "address"
    NUMBER = "number"


CUES: dict[Kind, frozenset[str]] = {
    Kind.SSN: listed("ssn social"),
    Kind.CVV: listed("cvv cvc cvv2 security seguridad reverso verification verificacion ccv"),
    Kind.CARD: listed("card tarjeta visa mastercard amex credit debit credito debito"),
    Kind.DNI: listed("dni nie nif pasaporte passport identidad license licencia"),
    Kind.IBAN: listed("iban account cuenta routing bank banco"),
    Kind.PHONE: listed("phone telephone telefono movil cell cellphone mobile celular whatsapp"),
    Kind.NUMBER: listed("""
    pin password passcode contrasena clave code codigo zip postal digits digitos cifras
    terminacion ends ending termina
    """),
}
"""Words that announce a number; where several kinds are announced, the first of them counts."""
CUED = frozenset[str]().union(*CUES.values())


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: the check digit of a payment card."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return total % 10 == 0


def card(digits: str) -> bool:
    return len(digits) in _CARD and luhn(digits) and digits.strip("0") != ""


BEHIND_IT = listed("back code codigo atras detras behind reverso signature firma strip banda")
DIGITS = listed("numbers numeros numeritos digitos digititos digits digitos cifras number numero")
"""Where a security code stands, and what it is: both announce one, either does after a card."""


def kind(digits: str, before: str, after: str, cue: Kind | None) -> Kind:
    """`before`, `after`: letters spelled at the number, in capitals."""
    if card(digits):
        return Kind.CARD
    if len(digits) >= _IBAN and len(before) >= len("ES"):
        return Kind.IBAN
    foreign = len(digits) == _NIE and before[-1:] in {"X", "Y", "Z"}
    if after and (len(digits) == _DNI or foreign):
        return Kind.DNI
    if cue is not None and (cue is not Kind.CVV or len(digits) in {3, 4}):
        return cue
    if len(digits) in _CARD and len(digits) > _PHONE.stop:
        return Kind.CARD
    if len(digits) in {9, 10} or (len(digits) == 11 and digits[0] == "1"):  # noqa: PLR2004
        return Kind.PHONE
    return Kind.NUMBER
