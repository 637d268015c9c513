"""What a machine should not handle is recognised, and what is only asked about is not."""

import timeit

import pytest

from knowledge.alarm import LONGEST, Alarm, alarm

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
my house is on fire and I want to know if I am covered
my house is burning down
There's a gas leak in my kitchen
someone broke into my house and he is still here
Someone broke into my house, and he's still in the kitchen.
somebody is breaking into my house
I have chest pain
I can barely breathe
I've been stabbed
call 911
oh my god call 911
I need you to call 911
can you please call nine one one
Help! Help me, please!
help me please
Fire!
could you send an ambulance
estoy sangrando
me estoy muriendo
Mi casa está en llamas
mi casa se está quemando
se me quema la casa
hay una fuga de gas
hay una persona herida
hay fuego en la cocina
entraron a robar y todavía están adentro
me duele el pecho
me han apuñalado
llamen a una ambulancia
llame al 911
¡Socorro!
¡Fuego!
ayúdenme por favor
""".strip().splitlines()
BESIDE_A_QUESTION = """
who do I call my house is on fire
how do I report that my house is on fire right now
what do I do there's a gas leak
what do I do my wife is bleeding
what do I do I want to kill myself
what do I do my husband just had a heart attack
am I covered my house is on fire
I want to know if I am covered there is a fire in my kitchen
I don't know if you can help me my house is on fire
when will somebody come my house is on fire
is anybody there I smell gas
it started when I was cooking and my kitchen is on fire
I don't know if he is dying
how soon can you send an ambulance
I moved in last year and my house is on fire
my mom fell last night she's not breathing
I called you yesterday and now my house is on fire
qué hago mi casa está en llamas
a quién llamo hay una fuga de gas
cómo reporto que hay un incendio en mi casa
quiero saber si me cubren mi casa está en llamas
quiero saber si estoy cubierto hay fuego en mi cocina
me escucha mi hijo no respira
Sí, mi casa está en llamas
sí hay fuego en la cocina
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
I'm angry
I am so mad
I've had enough
I've had enough of you people
terrible service
this is the worst service ever
you people are incompetent
estoy enfadada
estoy enojado
son unos ladrones
estoy harto
qué servicio más malo
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
who do I call if my house is on fire
what do I do when there's a gas leak
in case there's a fire who do I call
what happens if somebody breaks in and my house is on fire
if someone broke into my house and he is still here what do I do
what if the person driving my car is injured
is a driver who got hurt covered
will you pay for my physical therapy I got hurt in a collision
does my policy cover a gas leak
does my life insurance pay for suicide
do I need to call 911 after an accident
should I call 911 or you
do you send an ambulance
my house burned down last year
my house was on fire in March
somebody got hurt two weeks ago at my house
my husband had a heart attack in March
I got hurt on Friday
somebody broke into my house last night
nobody's hurt and the police are done here
I don't smell gas
there's a fire station near my house
I'm drowning in mail from you
my phone is dying
I'm in danger of losing my license
I nearly had a heart attack when I saw the bill
my premium shot up
I lost my card. Please help me!
can you help me please
help
I'm not angry
I've had enough time to think about it
qué pasa si mi casa está en llamas
a quién llamo cuando huele a gas
si en mi edificio hay un incendio me pagan
si la cocina se está quemando a quién llamo
en caso de que mi madre no respira a quién llamo
cubre a alguien que está herido
el año pasado hubo un incendio
no hay heridos gracias a Dios
ya llamé al 911
llamé a una ambulancia
casi me da un infarto con la factura
estoy atrapado en el tráfico
me llamo Socorro Pérez
entraron ladrones en mi piso
no estoy enojado
""".strip().splitlines()


@pytest.mark.parametrize("text", DANGER)
def test_danger(text: str) -> None:
    assert alarm(text) is Alarm.DANGER


@pytest.mark.parametrize("text", BESIDE_A_QUESTION)
def test_danger_beside_a_question_or_another_time_is_danger(text: str) -> None:
    assert alarm(text) is Alarm.DANGER


@pytest.mark.parametrize("text", ANGER)
def test_anger(text: str) -> None:
    assert alarm(text) is Alarm.ANGER


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    assert alarm(text) is None


def test_a_long_text_takes_no_long_time() -> None:
    assert alarm("is a " * 20_000) is None
    assert alarm("if my dog is hurt and " * 1_000) is None


def test_of_a_turn_without_end_the_beginning_and_the_end_are_read() -> None:
    story = "and then we talked about the weather " * 200
    assert alarm(f"My house is on fire. {story}") is Alarm.DANGER
    assert alarm(f"{story}. My house is on fire.") is Alarm.DANGER
    assert alarm(story) is None


def test_no_turn_costs_more_than_its_ends() -> None:
    def seconds(text: str) -> float:
        return min(timeit.repeat(lambda: alarm(text), number=1, repeat=5))

    hostile = "if my house is on fire "
    assert seconds(hostile * 5000) < 3 * seconds(hostile * (LONGEST // len(hostile)))
