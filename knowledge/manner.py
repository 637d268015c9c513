"""The words by which a language points back at what was said before."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """How a language points back at what was said before."""

    connectors: frozenset[str] = frozenset()
    """"and", "or": what follows may be a piece of a sentence."""
    links: frozenset[str] = frozenset()
    """Such a piece begins with one."""
    owners: frozenset[str] = frozenset()
    """Or with one of these, which a pronoun does not stand before."""
    conditions: frozenset[str] = frozenset()
    """ "if": such a piece, though it has a verb."""
    finite: frozenset[str] = frozenset()
    """Verbs that make a sentence."""
    questions: frozenset[str] = frozenset()
    pronouns: frozenset[str] = frozenset()
    pointers: frozenset[str] = frozenset()
    """Pronouns that may also stand before a noun."""
    named: frozenset[str] = frozenset()
    """After a pronoun: what it means follows."""
    participles: tuple[str, ...] = ()
    """Endings of words that say what was done with it."""
    persons: frozenset[str] = frozenset()
    """Pronouns that may mean nobody in particular."""
    clitics: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    """Of verbs with a pronoun in them."""
    toward: frozenset[str] = frozenset()
    """ "for": what its pronoun means is not told in the same clause."""
    doing: frozenset[str] = frozenset()
    """ "do": with a pronoun it means what somebody has spoken of doing."""
    places: frozenset[str] = frozenset()
    """ "there", as a last word."""
    expletives: frozenset[str] = frozenset()
    """Pronouns that may mean nothing."""
    asides: frozenset[str] = frozenset()
    """After such a pronoun: it means nothing."""
    extending: frozenset[str] = frozenset()
    """Later after it: what it means follows."""
    hesitations: frozenset[str] = frozenset()
    tails: frozenset[str] = frozenset()
    abouts: tuple[str, ...] = ()
    """What begins so leans; a space ends each."""
    wholes: frozenset[str] = frozenset()
    """These lean as they are."""
    pointing: frozenset[str] = frozenset()
    """Pronouns, pointers, persons and clitics."""
