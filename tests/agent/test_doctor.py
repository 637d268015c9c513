"""What `answerline doctor` finds out and how it tells."""

import asyncio
import io
import json

from rich.console import Console

from agent.doctor import Check, Row, as_json, examine, healthy, show, stray_packages
from agent.settings.notices import Notice
from knowledge.chain import Fault


async def fine() -> None:
    await asyncio.sleep(0)


async def denied() -> None:
    raise Fault("denied", "HTTP 401", permanent=True)


async def secretive() -> None:
    raise ValueError("sk-secret")


async def hung() -> None:
    await asyncio.Event().wait()


async def test_each_thing_is_asked_within_its_deadline_and_all_at_once() -> None:
    rows = await examine(
        [
            Check("line", "TwiML only", "TWILIO_ACCOUNT_SID is unset"),
            Check("ears", "deepgram", "DEEPGRAM_API_KEY is set", fine),
            Check("model", "openai", "OPENAI_API_KEY is set", denied),
            Check("voice", "local", "built in", secretive),
            Check("memory", "redis", "REDIS_URL is set", hung, deadline=0.05),
        ]
    )
    assert [(row.stage, row.answers, row.detail) for row in rows] == [
        ("line", None, ""),
        ("ears", True, ""),
        ("model", False, "denied: HTTP 401"),
        ("voice", False, "broken: ValueError"),
        ("memory", False, "late"),
    ]
    assert 0.05 <= rows[-1].seconds < 2
    assert not healthy(rows)


def test_what_need_not_answer_is_no_failure() -> None:
    assert healthy([Row("line", "TwiML only", "", answers=None, seconds=0.0)])


ROWS = [
    Row("ears", "deepgram", "DEEPGRAM_API_KEY is set", answers=False, seconds=1.5, detail="late"),
    Row("voice", "local", "built in [extra]", answers=True, seconds=0.25),
]
NOTICES = [Notice("OPENAI_KEY", "is no setting: was OPENAI_API_KEY meant?")]


def shown(*, terminal: bool) -> str:
    page = io.StringIO()
    show(ROWS, NOTICES, Console(file=page, force_terminal=terminal, width=120, color_system=None))
    return page.getvalue()


def test_a_terminal_gets_a_table_and_a_pipe_plain_lines() -> None:
    table = shown(terminal=True)
    assert "built in [extra]" in table
    assert "no: late" in table
    assert "OPENAI_KEY" in table
    assert shown(terminal=False).splitlines() == [
        "ears\tdeepgram\tDEEPGRAM_API_KEY is set\tno: late\t1.500 s",
        "voice\tlocal\tbuilt in [extra]\tyes\t0.250 s",
        "notice\tOPENAI_KEY\tis no setting: was OPENAI_API_KEY meant?",
    ]


def test_a_program_gets_json() -> None:
    page = json.loads(as_json(ROWS, NOTICES))
    assert page["ok"] is False
    assert [stage["used"] for stage in page["stages"]] == ["deepgram", "local"]
    assert page["notices"][0]["name"] == "OPENAI_KEY"


def test_no_stray_package_is_no_notice() -> None:
    assert stray_packages() == []
