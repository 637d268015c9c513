from collections.abc import Callable

import pytest

from knowledge.wishes import Wish, recognise
from tests.knowledge.examples import OUT_OF_SCOPE, content

WISHES: dict[Wish, str] = {
    Wish.PERSON: """
        agent | agent please | person | representative! | operator | human | a human please
        I want to talk to a person | I'd like to speak with an agent | can I speak to someone
        let me talk to a real person | connect me to a representative please | real person
        I don't want to talk to a machine, give me a human | could you transfer me to an operator
        I need to talk to a person about my claim | put me through to somebody | customer service
        can you get me a person please | speak to an agent | is there a person I can talk to
        can I speak to a manager | let me talk to your supervisor | manager please
        I need to speak with an adjuster | I want to speak to your boss right now
        put me through to claims | put me through to sales please | put me through to a manager
        transfer me to the billing department | connect me with customer service
        connect me with underwriting | transfer me to accounts, thanks
        I don't want to talk to a robot | I refuse to talk to a machine | stop, give me a person
        persona | operador | una persona por favor | quiero hablar con una persona
        quiero hablar con un agente | páseme con un operador | necesito hablar con alguien
        ¿puedo hablar con una persona? | comuníqueme con un representante por favor
        con una persona real | no quiero hablar con una máquina, quiero una persona
        quisiera hablar con un asesor sobre mi póliza | un humano por favor | atención al cliente
        quiero hablar con un supervisor | quiero hablar con su jefe | necesito hablar con un perito
        pásame con una persona | ponme con una persona | ¿me pasa con un agente?
        quiero que me atienda una persona | no quiero hablar con un robot | basta, una persona
        páseme con facturación | comuníqueme con siniestros por favor | pásame con ventas
        ¿me puede pasar con atención al cliente? | páseme con el departamento de cobros
    """,
    Wish.REPEAT: """
        repeat that | can you repeat that please | say that again | could you say it again
        sorry, what did you say? | what was that | pardon | come again | one more time please
        I didn't hear you | I didn't catch that, can you repeat | what | please repeat
        could you please repeat the last sentence | again please
        repita | ¿puede repetir, por favor? | ¿me lo puede repetir? | otra vez por favor | ¿cómo?
        ¿cómo dijo? | perdón, no le oí | no escuché, repita por favor | ¿qué dijo? | repítame eso
        ¿me puede decir eso otra vez? | no le entendí
    """,
    Wish.SLOWER: """
        slower | slower please | can you speak slower | please slow down | more slowly please
        you're talking too fast | not so fast | can you say that again more slowly
        could you speak a bit slower please
        más despacio | más despacio por favor | ¿puede hablar más despacio? | habla muy rápido
        no tan rápido | más lento por favor | repita eso más despacio
    """,
    Wish.WAIT: """
        wait | wait a moment | hold on | hold on please | one moment please | just a second
        give me a minute | hang on a second | one sec | let me check | let me get my policy number
        hold on let me find a pen | can you wait a moment please | okay just a moment
        espere | espere un momento | un momento por favor | un segundo | déme un minuto
        espere, déjeme buscar mi póliza | aguarde un momento | no cuelgue | momentito
    """,
    Wish.GOODBYE: """
        goodbye | bye | bye bye | that's all, goodbye | that's all thank you | that is all
        no that's it, thanks | nothing else, thank you | that will be all | I'm done, thanks
        thank you, have a nice day | okay thank you very much you were a great help bye
        you can hang up now | no more questions | no thank you that's all
        adiós | nada más, gracias, adiós | eso es todo | eso es todo, gracias | hasta luego
        no, nada más | eso sería todo, muchas gracias | gracias, que tenga un buen día | chao
        muchas gracias por su ayuda, adiós | ya puede colgar
    """,
}
QUESTIONS = """
    is there an agent fee? | does my policy cover a rental person | how do I wait for the adjuster
    are you a real person | when can I talk to a person | until when can I reach someone
    wait, what is a deductible | repeat prescriptions | how long do I wait for a tow truck
    can somebody else drive my car | am I covered if a person is injured | is my agent licensed
    do I have to repeat the inspection every year | can you slow down my payments
    a moment ago somebody hit my car | can I authorize another person | who is my insurance agent
    is all of it covered | that is all I got from the insurance, why so little | hello | yes | no
    okay | thank you | thanks a lot | good morning | I had an accident | is there a waiting period
    what is a premium | no, what is the deductible | what happens to all my things
    is everything covered | I said goodbye to my old car, how do I cancel its policy
    how fast do you pay | my car is slower than before | say I hit a deer, what then
    can my son speak with you about my insurance | the agent told me hail is covered, is it
    can I transfer my policy to my daughter | who is my adjuster | when will the adjuster come
    transfer money to my account | transfer me to account four five three two | put me on monthly
    put my wife through driving school | connect my account with billing | talk about my claims
    I want to speak to the adjuster about the inspection | do I have to talk to an adjuster first
    talk to a supervisor about a problem | my boss wants to see the receipt | are you a robot
    the lady was so rude and I want her manager to hear about it | when can I talk to a manager
    can you transfer me to the pizza place | put me in a rental | is there a supervisor listening
    I am waiting for my refund | a person hit my car and left | hold my mail while I am away
    hasta qué hora puedo hablar con alguien | ¿hay una comisión del agente?
    ¿cuánto espero al perito? | estoy hablando con un robot | ¿puede otra persona conducir mi coche?
    una persona chocó mi coche | hablar con un supervisor por un problema | pásame a mensual
    antes de contarle nada quiero saber si me atiende un ser humano | páseme un correo
    quiero que me atienda en español | mi jefe me pide el recibo | ¿cuándo viene el perito?
    gracias | hola | sí | buenos días | ¿qué es el deducible? | no entiendo la franquicia
    ¿cómo presento un siniestro? | ¿todo está cubierto? | ¿eso es todo lo que pagan del siniestro?
    se despidió el perito y no sé nada | ¿hay período de espera? | el agente me dijo que sí cubre
    quiero cancelar mi póliza | otra vez me cobraron dos veces | ¿cada cuánto se repite la revisión?
"""


def parted(text: str) -> list[str]:
    return [phrase.strip() for line in text.strip().splitlines() for phrase in line.split("|")]


LABELLED: list[tuple[str, Wish | None]] = [
    *((text, wish) for wish, texts in WISHES.items() for text in parted(texts)),
    *((text, None) for text in parted(QUESTIONS)),
]


@pytest.mark.parametrize(("text", "wish"), LABELLED)
def test_a_turn_is_the_wish_that_it_says_or_none(text: str, wish: Wish | None) -> None:
    assert recognise(text) is wish


def test_no_shipped_phrasing_and_nothing_out_of_scope_is_taken_for_a_wish() -> None:
    entries = content()
    asked = [text for entry in entries for said in entry.wordings.values() for text in said.asked]
    assert [text for text in (*asked, *OUT_OF_SCOPE) if recognise(text)] == []


def test_precision_and_recall(figure: Callable[[str], None]) -> None:
    found = [(recognise(text), wish) for text, wish in LABELLED]
    hits = sum(said is not None and said is wish for said, wish in found)
    precision = hits / sum(said is not None for said, _ in found)
    recall = hits / sum(wish is not None for _, wish in found)
    figure(f"precision {precision:.3f}, recall {recall:.3f}, {len(found)} turns")
    assert precision >= 0.99
    assert recall >= 0.97


@pytest.mark.parametrize("text", ["", " ", "?!", "…", "word " * 200, "agent " * 200])
def test_odd_texts_are_no_wish(text: str) -> None:
    assert recognise(text) is None
