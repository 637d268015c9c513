"""Whether a turn leans on what was said before: such a turn has no answer of its own."""

from collections.abc import Sequence

from knowledge.manner import Manner
from knowledge.words import Lexicon

CAP = 0.89
"""The most that the answer to a leaning turn may be sure of. It is not spoken without the model,
however sure; of questions of the public sets that look as if they leaned, four in five are right
all the same."""
_FRAGMENT = 4
"""Telling words of a piece of a sentence; with more it stands for itself."""
_SHORT = 2
"""Words of a piece of a sentence that need nothing to begin it."""
_ENOUGH = 2
"""Telling words before a pronoun, of which one may be what it means."""
_MUCH = 3
"""Telling words after it that say enough without it."""
_CLAUSE = 12
"""Words of a question that may have one clause; of more it is not known."""
_CALLED = 2
"""The last place of "there" in "are you there"."""
_FIRST = 4
"""Words among which somebody is meant whom the caller has spoken of."""
_VERB = 5
"""Letters of a verb with a pronoun at its end, at least."""


def leans(tokens: Sequence[str], lexicon: Lexicon) -> bool:
    """ "And for my wife?", "how much is that?", "what about the other one": what is meant was said
    before. "It" in "how long does it take to …" means nothing, and what stands in the same turn
    before it may be what it means."""
    manner = lexicon.manner
    tokens = _bare(tokens, manner)
    joined = tokens[0] in manner.connectors if tokens else False
    while tokens and tokens[0] in manner.connectors:
        tokens = tokens[1:]
    if not tokens:
        return False
    said = " ".join(tokens)
    if said in manner.wholes or said.startswith(manner.abouts):
        return True
    pointing = [
        at
        for at, token in enumerate(tokens)
        if token in manner.pointing or (manner.endings and token.endswith(manner.endings))
    ]
    if _beyond(tokens, manner):
        return True
    if not (pointing or joined):
        return False
    telling = list(map(lexicon.tells, tokens))
    if joined and _fragment(tokens, sum(telling), manner):
        return True
    return any(
        _standing(tokens, at, at > 0 and telling[at - 1], manner)
        and _open(tokens, telling, at, manner)
        for at in pointing
    )


def _beyond(tokens: Sequence[str], manner: Manner) -> bool:
    """Whether a question of one clause says "for that", "do that" or "there": however much else it
    says, what is meant stands in another clause ("what papers do I need for that")."""
    if len(tokens) > _CLAUSE or tokens[0] not in manner.questions | manner.finite:
        return False
    last = len(tokens) - 1
    things = (manner.pronouns | manner.pointers) - manner.persons
    nowhere = manner.finite | manner.links  # "are there", "over there"
    for at, token in enumerate(tokens[1:], 1):
        if token in manner.connectors | manner.conditions | manner.questions:
            return False
        before = tokens[at - 1]
        if at == last and token in manner.places and at > _CALLED:
            return before not in nowhere
        toward = before in manner.toward and at == last
        if token in things and (toward or (at > 1 and before in manner.doing)):
            return manner.conditions.isdisjoint(tokens[at:])
    return False


def _bare(tokens: Sequence[str], manner: Manner) -> list[str]:
    """Without hesitation before and politeness after."""
    first, last = 0, len(tokens)
    while first < last and tokens[first] in manner.hesitations:
        first += 1
    while last > first and tokens[last - 1] in manner.tails:
        last -= 1
    return list(tokens[first:last])


def _fragment(tokens: Sequence[str], telling: int, manner: Manner) -> bool:
    """After "and": a piece of a sentence, such as "for my wife"; not "if …, who pays?"."""
    if tokens[0] in manner.conditions and not manner.questions.isdisjoint(tokens[1:]):
        return False
    if any(token in manner.finite for token in tokens) and tokens[0] not in manner.conditions:
        return False
    if tokens[0] in manner.links | manner.owners | manner.conditions:
        return telling <= _FRAGMENT
    return len(tokens) <= _SHORT and tokens[0] not in manner.questions


def _standing(tokens: Sequence[str], at: int, named: bool, manner: Manner) -> bool:
    """Whether there is a pronoun there that stands for a thing: "that", but not in "that bill".

    `named`: a telling word is before it; then "that is" goes on about it.
    """
    token = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if token in manner.persons:
        return at < _FIRST
    if token in manner.pronouns:
        return following not in manner.named
    if token in manner.pointers:
        asked = at == 1 and tokens[0] in manner.finite and following.endswith(manner.participles)
        if following in manner.finite:
            return not named
        return asked or not following or following in manner.links | manner.tails
    if token in manner.clitics:  # an article, unless a question word is before it
        return 0 < at == len(tokens) - 2 and tokens[at - 1] in manner.questions
    return len(token) > _VERB and token.endswith(manner.endings)


def _open(tokens: Sequence[str], telling: Sequence[bool], at: int, manner: Manner) -> bool:
    """Whether nothing else in the turn says what is meant."""
    before, after = sum(telling[:at]), sum(telling[at + 1 :])
    if before >= _ENOUGH or (before and not telling[at - 1]):
        return False
    if tokens[at] in manner.expletives:
        rest = tokens[at + 1 :]
        if any(token in manner.asides for token in rest[:2]):
            return False
        extends = [place for place, token in enumerate(rest) if token in manner.extending]
        if extends and any(telling[at + 1 + extends[0] :]):
            return False
    return after < (_ENOUGH if tokens[at] in manner.persons else _MUCH)
