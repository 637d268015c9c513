"""The back office of a process, where one is set, and the tools of a call that ask it."""

import openai

from agent.settings import Settings
from knowledge.clerk import Clerk
from knowledge.collecting import Collecting
from knowledge.events import Emit
from knowledge.office import Office
from knowledge.privacy.vault import Vault
from knowledge.tools import TOOLS
from processors.model.tools import Say, Tools


def open_office(settings: Settings, http: openai.DefaultAsyncHttpxClient) -> Office | None:
    """`http`: the process's own pool, whose owner closes it."""
    if settings.back_office_url is None:
        return None
    key = settings.back_office_key
    return Office(settings.back_office_url, key.get_secret_value() if key else "", http=http)


def tools_of(
    call: str,
    office: Office | None,
    say: Say,
    emit: Emit,
    *,
    vault: Vault,
    collecting: Collecting | None,
) -> Tools | None:
    if office is None:
        return None
    clerk = Clerk(TOOLS, office=office, call=call, emit=emit, vault=vault, collecting=collecting)
    return Tools(clerk, say)
