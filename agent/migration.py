"""`answerline migrate`: the database gets the tables of this version."""

from agent.books import address
from agent.settings import Settings
from knowledge import database


async def migrate(settings: Settings) -> str:
    """What was done, for people. Safe to repeat, and for several at once. Raises Fault."""
    where = database.Database(address(settings)).name
    before, after = await database.migrate(address(settings))
    if before == after:
        return f"{where}: the schema is {after} already"
    if before > after:
        return f"{where}: the schema is {before}, made by a newer version, which does no harm"
    return f"{where}: the schema was {before or 'empty'} and is {after}"
