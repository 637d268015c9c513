"""Yes and no: what a caller answers when something was asked, in English or Spanish.

A reply is recognised when nothing else is left in the turn: "yes, please" is one, "yes, but what
does it cost" is none. What is missed is treated as a question of its own.
"""

import re
from enum import StrEnum

from knowledge.words import fold


class Reply(StrEnum):
    YES = "yes"
    NO = "no"


_POLITE = """
    please thanks thank_you thank_you_very_much that oh well um uh eh so then it_is it's_fine and
    i'd_like i_would i_do would_be nice great good kind_of_you that's por_favor gracias
    muchas_gracias pues bueno muy_amable entonces me_gustaria ah
"""
_YES = """
    yes yeah yep yup sure of_course okay ok alright all_right absolutely definitely certainly
    please_do do_that do_it go_ahead call_me call_me_back call_back_please sounds_good
    that_would_be_great that_would_be_nice fine why_not correct right si claro claro_que_si
    por_supuesto vale de_acuerdo desde_luego esta_bien perfecto llameme llamenme llamame adelante
    correcto hagalo como_no
"""
_NO = """
    no nope nah not_now no_need never_mind nevermind forget_it forget_about_it leave_it cancel
    cancel_it cancel_that cancel_the_transfer stop stop_it don't don't_bother don't_do_that
    do_not no_longer not_necessary that's_not_necessary it's_not_necessary i_changed_my_mind
    i've_changed_my_mind i_don't_want_to_wait i_don't_want_to i_don't_want_that i_don't_need_it
    not_really better_not ya_no no_hace_falta no_es_necesario olvidelo olvidalo dejelo dejalo
    cancel[ea] cancelelo cancelar pare no_importa da_igual no_quiero no_quiero_esperar
    he_cambiado_de_idea cambie_de_opinion mejor_no no_se_moleste ahora_no
"""
_LONGEST = 10
"""Words of a reply."""


def _any(*groups: str) -> re.Pattern[str]:
    """Words parted by blanks; `_` joins the words of one phrase. Longer ones are tried first."""
    said = {word.replace("_", " ") for group in groups for word in group.split()}
    return re.compile(r"\b(?:" + "|".join(sorted(said, key=len, reverse=True)) + r")(?![\w'])")


_FORMS = (
    (Reply.NO, _any(_NO), _any(_POLITE, "fine okay ok alright all_right vale esta_bien")),
    (Reply.YES, _any(_YES), _any(_POLITE)),
)


def reply(text: str) -> Reply | None:
    """The reply of a finished turn; None where it says something else."""
    words = re.findall(r"[\w']+", fold(text).replace("’", "'"))
    if not words or len(words) > _LONGEST:
        return None
    said = " ".join(words)
    for kind, core, around in _FORMS:
        rest, hits = core.subn(" ", said)
        if hits and not around.sub(" ", rest).strip():
            return kind
    return None
