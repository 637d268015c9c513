"""What a caller wants of the call itself rather than of the knowledge: a person, a repetition …

A wish is recognised when nothing else is left in the turn: "wait a moment" is one, "how long is
the wait" is none. A turn that the caller finished is a few words, so false hits cost more than a
missed one: what is missed goes to the router.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from knowledge.words import fold


class Wish(StrEnum):
    PERSON = "person"
    REPEAT = "repeat"
    SLOWER = "slower"
    WAIT = "wait"
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class _Form:
    """How a wish sounds."""

    wish: Wish
    core: re.Pattern[str]
    """At least one of these is said."""
    around: re.Pattern[str]
    """What may stand around it and changes nothing."""

    def fits(self, text: str) -> bool:
        rest, hits = self.core.subn(" ", text)
        return hits > 0 and not self.around.sub(" ", rest).strip()


_POLITE = r"""
    um+ uh+ er ah oh hey hi hello so well okay ok yes yeah yep alright right sure sorry please
    thanks thank_you_very_much thank_you thank_you_so_much excuse_me now just and but no nope sir
    madam ma'am actually look listen then for_me a_bit good_morning good_afternoon eh+ mm+ pues
    bueno hola si perdon perdone disculpe oiga mire por_favor gracias muchas_gracias muy_amable ya
    entonces senor senora senorita vale de_acuerdo y pero ahora buenos_dias buenas_tardes
    buenas_noches
"""


def _any(*groups: str) -> re.Pattern[str]:
    """Words parted by blanks; `_` joins the words of one phrase. Longer ones are tried first."""
    said = {word.replace("_", r"\s+") for group in groups for word in group.split()}
    return re.compile(r"\b(?:" + "|".join(sorted(said, key=len, reverse=True)) + r")\b")


_FORMS = (
    _Form(
        Wish.SLOWER,
        _any(
            r"""
                slower slow_down more_slowly slowly too_fast so_fast too_quickly so_quickly
                less_fast mas_despacio despacio despacito mas_lento mas_lentamente muy_rapido
                tan_rapido demasiado_rapido mas_pausado
            """,
        ),
        _any(
            _POLITE,
            r"""
                can could would you speak talk say it that again repeat_that repeat a little not go
                need want i i'm i_am you're to are is speaking talking don't do cannot can't
                follow understand much_too puede podria hable hablar habla diga decir
                decirlo digalo repita repitalo repetir un poco le me no va usted
                otra_vez lo eso esto entiendo sigo
            """,
        ),
    ),
    _Form(
        Wish.REPEAT,
        _any(
            r"""
                repeat_that repeat_it repeat repeat_yourself say_that_again say_it_again say_again
                come_again again one_more_time once_more pardon_me pardon what_did_you_say huh what
                what_was_that what_you_said what_you_just_said beg_your_pardon say_that_once_more
                didn't_hear didn't_catch didn't_get didn't_understand did_not_hear did_not_catch
                did_not_get did_not_understand couldn't_hear could_not_hear missed_that missed_it
                can't_hear_you cannot_hear_you can't_understand_you repita repitalo repitamelo
                repitame repetir repetirlo repetirmelo repite otra_vez de_nuevo una_vez_mas
                como_dijo como_dice que_dijo que_ha_dicho no_le_oi no_lo_oi no_oi no_escuche
                no_le_escuche no_entendi no_le_entendi no_lo_entendi no_oi_bien no_le_he_oido
                no_he_oido no_le_he_entendido mande que_fue_lo_que_dijo como lo_que_dijo lo_ultimo
            """,
        ),
        _any(
            _POLITE,
            r"""
                can could would you i that it the last part sentence what said you_said to me say
                answer again one more time all quite puede podria lo eso le decir decirmelo diga
                digalo digame dice ultimo la frase respuesta bien que usted oir quiere
            """,
        ),
    ),
    _Form(
        Wish.WAIT,
        _any(
            r"""
                wait hold_on hang_on one_moment a_moment one_second a_second one_sec a_sec
                one_minute a_minute hold_the_line stay_on_the_line be_right_back just_a_moment
                wait_a_minute give_me_a_moment give_me_a_second give_me_a_minute not_so_fast_wait
                bear_with_me let_me_(?:check|see|think|look|find|grab)(?:\s+.*)?
                let_me_get(?!_this_(?:right|straight|clear))(?:\s+.*)? espere esperese
                esperame espereme espera aguarde un_momento un_momentito un_segundo un_segundito
                un_minuto un_minutito momento momentito no_cuelgue permitame deme_un_momento
                dejeme_(?:ver|mirar|buscar|pensar|comprobar)(?:\s+.*)?
            """,
        ),
        _any(
            _POLITE,
            r"""
                can could would you i need want on a the for to me give there will i'll am i'm be
                only wait moment second minute puede podria que deme un momento segundo minuto voy
                vuelvo ahora_vuelvo solo usted no necesito por quiero
            """,
        ),
    ),
    _Form(
        Wish.GOODBYE,
        _any(
            r"""
                goodbye good_bye bye bye_bye that's_all that_is_all that's_it that_is_it
                that_was_all that'll_be_all that_will_be_all nothing_else no_more_questions i'm_done
                i_am_done we're_done hang_up see_you
                have_a_(?:nice|good|great)_(?:day|evening|one|weekend)
                have_a_(?:nice|good|great)_(?:day|evening) that's_everything that_is_everything
                that's_all_i_needed end_the_call you_can_hang_up take_care talk_to_you_later
                good_night adios hasta_luego hasta_pronto nada_mas eso_es_todo es_todo
                eso_seria_todo eso_era_todo chao chau nos_vemos no_necesito_nada_mas puede_colgar
                cuelgue hasta_la_vista que_tenga_(?:un|buen)_(?:buen_)?dia que_le_vaya_bien
                terminar_la_llamada con_eso_basta
            """,
        ),
        _any(
            _POLITE,
            r"""
                i you that is was all for today the your help great perfect fine have nothing
                thanks_again a lot been helpful very a_lot needed my question questions i've got
                everything want to por hoy de_momento perfecto estupendo genial muy bien su ayuda ha
                sido no quiero todo eso es nada usted a_usted igualmente que
            """,
        ),
    ),
    _Form(
        Wish.PERSON,
        _any(
            r"""
                agent agents representative representatives operator human humans person people
                someone somebody human_being colleague customer_service real_voice receptionist
                live_agent anyone anybody advisor specialist persona personas agente operador
                operadora humano humana representante asesor asesora alguien companero companera
                ser_humano atencion_al_cliente telefonista recepcionista manager supervisor
                supervisora gerente encargado encargada
            """,
        ),
        _any(
            _POLITE,
            r"""
                i want to talk speak with a an the some real live actual human can could may would
                you like need me get give connect transfer put through over to_you i'd i'm let us be
                is_there prefer rather not a_machine robot computer machine somebody_else else don't
                do have speaking talking to_a in your team department from on phone line here at all
                any please_now quiero quisiera hablar con una un la el de verdad puede podria pasar
                pasarme paseme paso comunicar comunicarme comuniqueme necesito deseo prefiero deme
                otra que sea contactar conectar conecteme transferir transfierame no maquina
                contestador usted puedo hablo hable en persona_real favor ponga pongame
                pasame comunicame ponme stop basta
            """,
        ),
    ),
)

_ASKING = re.compile(
    r"\b(?:speak|talk|connect me|transfer me|put me through|get me|hand me over)"
    r"\s+(?:to|with|over to)?\s*(?:an?|the|some|your|one of your)?"
    r"\s*(?:real|live|actual|human|other|customer service)?"
    r"\s*(?:person|human|human being|agent|representative|operator|someone|somebody|colleagues?)\b"
    r"(?!\s+else)"
    r"|\b(?:hablar|comuniqueme|comunicame|comunicarme|paseme|pasame|pasarme|conecteme|conectame"
    r"|transfierame|pongame|ponme|me (?:pasas?|comunicas?)|me (?:puede|puedes|podria) (?:pasar"
    r"|comunicar|poner))\s+(?:con|a)\s+"
    r"(?:una?|el|la|algun|alguna|otra)?\s*(?:persona|humano|agente|operadora?|representante|"
    r"asesora?|alguien|companer[oa])\b"
    r"|\bque me (?:atienda|conteste) (?:una persona|un humano|un ser humano|alguien)\b"
)
_SENIOR = re.compile(
    r"""\b(?:
        (?:(?:can|could|may) \s i | let \s me | i(?:'d|\swould) \s (?:like|rather)(?:\sto)?
          | (?<!\bdo\s)i \s (?:(?:really|just)\s)? (?:want|need|have|demand) \s to | i \s wanna)
            \s (?:(?:please|just|now)\s)? (?:speak|talk) \s (?:to|with) \s
      | (?:get|give) \s me \s
      | (?:connect|transfer|put) \s me \s (?:(?:through|over)\s)? (?:to|with) \s
    )
        (?: (?:a|the|your|another) \s (?:manager|supervisor|superior|boss) | an \s adjuster ) \b
      | \b(?:
        (?:quiero|quisiera|necesito|puedo|podria|dejeme|dejame|me \s gustaria|exijo) \s hablar
      | paseme | pasame | comuniqueme | comunicame | conecteme | transfierame | pongame | ponme
    ) \s con \s
        (?: (?:una?|el|la|su|tu|otr[oa]) \s (?:supervisora?|gerente|encargad[oa]|jef[ea])
          | un \s (?:ajustador|perito) ) \b""",
    re.VERBOSE,
)
"""Content may speak of these too: they have to be asked for in full."""
_PUT_THROUGH = re.compile(
    r"""\b (?:(?:put|pass|transfer|connect|switch|patch) \s me \s (?:(?:through|over|straight)\s)*
            (?:to|with) \s (?:(?:the|your)\s)?
            (?:claims|billing|sales|customer\s(?:service|support|care)|accounts|accounting
            |underwriting) (?:\s(?:department|team|desk|office|people))?
      | (?:paseme|pasame|comuniqueme|comunicame|conecteme|conectame|transfierame|pongame|ponme
          | me \s (?:pasas?|comunicas?) | me \s (?:puede|puedes|podria) \s (?:pasar|comunicar|poner)
          | (?:pasar|comunicar|poner)me) \s (?:con|a|al) \s
            (?:(?:el|la)\s)? (?:(?:departamento|area|seccion|equipo)\sde\s)?
            (?:siniestros|facturacion|ventas|atencion\sal\scliente|cobros|cobranzas?))
        (?= $ | \s (?:please|now|right\snow|thanks?|about|for|because|i|por|ya|ahora|gracias|para
          |sobre|porque|que)\b )""",
    re.VERBOSE,
)
"""Departments by the words that any switchboard knows, and with nothing else after them."""
_NO_MACHINE = re.compile(
    r"""\b(?:
        (?:i \s (?:(?:don't|do\snot) \s want \s to | won't | refuse \s to | hate)
          | i(?:'m|\sam) \s not \s going \s to)
            \s (?:speak|talk)(?:ing)? \s (?:to|with) \s (?:(?:an?|the|this|some)\s)?
            (?:robot|machine|computer|bot|chatbot|recording|ai)s?
      | no \s quiero \s (?:(?:seguir|estar)\s)? habla(?:r|ndo) \s con \s
            (?:(?:una?|este|esta|el|la)\s)?
            (?:robot|maquina|computadora|ordenador|contestador|grabacion)
    )\b""",
    re.VERBOSE,
)
_ABOUT_PEOPLE = re.compile(
    r"\b(?:when|until|how (?:late|early)|hours?|time|weekdays?|weekends?|why|cost|fee|do not|don't"
    r"|cuando|hora|horario|entre semana|fin(?:es)? de semana|cuanto|por que)\b"
)
_LEAVING = re.compile(r"\b(?:goodbye|good bye|bye|bye bye|adios|hasta luego)\W*$")
_QUESTION = re.compile(
    r"\b(?:what|how|when|where|why|who|which|can|does|is|que|como|cuando|donde|quien|cual|puedo)\b"
)
_LONGEST_GOODBYE = 14
"""Words: longer turns that end in a goodbye say something first."""
_LONGEST = 25
"""Words of a wish."""


def recognise(text: str) -> Wish | None:
    """The wish of a finished turn, in English or Spanish; None where it says something else."""
    words = re.findall(r"[\w']+", fold(text).replace("’", "'"))
    if not words or len(words) > _LONGEST:
        return None
    said = " ".join(words)
    for form in _FORMS:
        if form.fits(said):
            return form.wish
    if any(form.search(said) for form in (_ASKING, _SENIOR, _PUT_THROUGH)) and not (
        _ABOUT_PEOPLE.search(said)
    ):
        return Wish.PERSON
    if _NO_MACHINE.search(said):
        return Wish.PERSON
    if _LEAVING.search(said) and len(words) <= _LONGEST_GOODBYE and not _QUESTION.search(said):
        return Wish.GOODBYE
    return None
