"""What a call leaves for its next stream."""

import pytest

from agent.acquaintance import Acquaintance
from agent.exchanges import Exchanges
from knowledge.callers import Callers
from knowledge.erasure import Erased
from knowledge.memory import LocalMemory


@pytest.mark.parametrize(("broken", "open_question", "turns"), [(False, "", 1), (True, "Who?", 0)])
async def test_a_question_is_open_until_its_answer_was_not_broken_off(
    broken: bool, open_question: str, turns: int
) -> None:
    memory = LocalMemory(ttl=60.0)
    exchanges = Exchanges(
        Acquaintance(memory, Callers(None, ttl=60.0, erased=Erased()), "CA1", "", languages=("en",))
    )
    exchanges.asked("Who?")
    exchanges.heard("The insur", "en", broken=broken)
    known = await memory.recall("CA1")
    assert (known.asked, known.turns, known.greeted) == (open_question, turns, True)
