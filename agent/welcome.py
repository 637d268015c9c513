"""What is said first on a stream: to a new call the greeting, to one that comes back what it needs.

A call whose stream broke is not greeted again. Whoever had asked something is told that there was
an interruption, and is answered; whoever was moved in a pause hears nothing of it.
"""

from typing import TYPE_CHECKING

from knowledge.persona import Phrase
from knowledge.recollection import Recollection

if TYPE_CHECKING:
    from agent.call import Call

QUOTED = 12
"""Words of a question that are repeated to who has asked it; a longer one is only answered."""


async def welcome(
    call: "Call", recalled: Recollection, *, back: str | None = None, unnoticed: bool = False
) -> None:
    """`back`: the department to which a transfer has failed. `unnoticed`: nothing was lost."""
    call.consent.begin(again=back is not None or recalled.greeted)
    if back is not None:
        await call.transfer.came_back(back)
    elif not recalled.greeted:
        await _greet(call, recalled)
    elif recalled.asked:
        await _go_on(call, recalled.asked, interrupted=not unnoticed)
    elif not unnoticed:
        await call.say(Phrase.WELCOME_BACK)


async def _greet(call: "Call", recalled: Recollection) -> None:
    await call.say(Phrase.GREETING)
    await call.consent.tell(call.home)
    if recalled.language:
        return  # who has called before was told which languages there are
    for language in call.languages[1:]:
        if Phrase.ALSO in call.persona.phrases.get(language, {}):
            await call.say(Phrase.ALSO, language=language)
            await call.consent.tell(language)


async def _go_on(call: "Call", asked: str, *, interrupted: bool) -> None:
    if interrupted:
        language = call.turns.language
        text = call.persona.say(Phrase.CUT_OFF, language)
        if _fit_to_be_said(asked):
            again = call.persona.say(Phrase.YOU_ASKED, language)
            text = f"{text} {again.replace('{asked}', asked)}"
        await call.speak(text, language, remembered=False)
    await call.ask_again(asked)


def _fit_to_be_said(asked: str) -> bool:
    return len(asked.split()) <= QUOTED and "[" not in asked
