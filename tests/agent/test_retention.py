"""How long a process remembers what was said."""

import pytest

from agent.providers import open_memory
from agent.settings import load
from knowledge.erasure import Erased
from knowledge.recollection import Exchange


@pytest.mark.parametrize(("days", "kept"), [("30", 1), ("0", 0)])
async def test_no_words_are_kept_where_none_may_be(days: str, kept: int) -> None:
    settings = load({"RETENTION_DAYS": days, "MEMORY_TTL": "60"}, None)
    memory = open_memory(settings, None, print, Erased())
    memory.remember("CA1", Exchange(1.0, "Who pays?", "We do.", "en"))
    assert len((await memory.recall("CA1")).exchanges) == kept
    await memory.close()
