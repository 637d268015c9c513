"""What a machine should not handle is recognised, and what is only asked about is not."""

import pytest

from knowledge.alarm import Alarm, alarm

DANGER = """
my house is on fire
Help, my kitchen is on fire, am I covered?
There's a fire in the kitchen!
he's not breathing
my husband is bleeding please help
I can't breathe
she's unconscious
I smell gas
please send an ambulance
I need an ambulance right now
this is an emergency
he has a gun
I want to kill myself
we're trapped in the car
Hay un incendio en mi casa
mi hijo está inconsciente
Mi mujer está sangrando mucho
no puedo respirar
huele a gas
necesito una ambulancia
estamos en peligro
es una emergencia
quiero morirme
la casa se está quemando
""".strip().splitlines()
ANGER = """
this is ridiculous
This is absolutely unacceptable.
I'm sick and tired of this
I am really angry with you
you people are useless
I'm going to sue you
this is a complete joke
fuck this
Esto es una vergüenza
Estoy harta de esperar
estoy muy enfadado
Esto es inaceptable
son unos inútiles
los voy a denunciar
voy a demandarlos
""".strip().splitlines()
NEITHER = """
am I covered if my house is on fire
does my policy cover somebody who is injured
what happens if there is a fire
what do I do in case of a fire
I had an accident last week and my car was damaged
is emergency road service included
who pays when another driver is hurt and it would be my fault
my car was hit and nobody was hurt
what is a deductible
is fire covered
I burned dinner
my premium went up
how do I make a complaint
¿está cubierto el incendio?
¿qué pasa si hay un incendio?
tuve un accidente ayer
¿cubre la ambulancia?
¿cuánto cuesta el seguro?
me robaron el coche
quiero presentar una queja
""".strip().splitlines()


@pytest.mark.parametrize("text", DANGER)
def test_danger(text: str) -> None:
    assert alarm(text) is Alarm.DANGER


@pytest.mark.parametrize("text", ANGER)
def test_anger(text: str) -> None:
    assert alarm(text) is Alarm.ANGER


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    assert alarm(text) is None


def test_a_long_text_takes_no_long_time() -> None:
    assert alarm("is a " * 20_000) is None
