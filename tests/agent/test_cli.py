"""The commands as people and scripts run them: what they print where, and how they end."""

import json
import signal
import socket
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.commands import PATIENCE, answerline, environment, first_line, running

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "demo", "talk", "serve", "call", "load", "doctor", "settings", "kb", "pipeline", "simulate",
    "privacy", "language", "translate", "replay",
}  # fmt: skip
FIELDS = (
    "ticket_id", "route", "confidence", "entry", "department", "language", "answer", "seconds",
)  # fmt: skip
ENTRY = """---
id: lost-umbrella
department: lost-property
en:
  question: Where is my umbrella?
  phrasings: [I lost my umbrella]
  answer: Umbrellas wait at the front desk.
es:
  question: ¿Dónde está mi paraguas?
  answer: Los paraguas esperan en la recepción.
---
"""
LINES = [
    "Where is my umbrella?",
    '{"text": "¿Dónde está mi paraguas?"}',
    '{"text": "¿Dónde está mi paraguas?", "language": "es-MX", "more": [1]}',
    "",
    '{"question": "Where is my umbrella?"}',
    '["Where is my umbrella?"]',
    '{"text": "I lost my umbrella", "language": null}',
]
WRONG = {"TURN_PATIENCE": "hunter2", "PORT": "hunter3", "OPENAI_BASE_URL": "hunter4"}
SECRETS = {
    "OPENAI_API_KEY": "sk-hunter5",
    "TWILIO_AUTH_TOKEN": "0123456789abcdef0123456789hunter",
    "REDIS_URL": "redis://:hunter6@127.0.0.1:6379/0",
}

SAID = (
    '{"text": "it is four one", "call": "a"}',
    '{"text": "my name is Ann", "call": "b"}',
    '{"text": "one one two two", "call": "a"}',
    "write to joe@mail.com",
    "{}",
)
TONGUES = (
    '{"text": "necesito ayuda con mi póliza", "call": "a"}',
    '{"text": "ok", "call": "a"}',
    "I would like to cancel my policy",
    "je voudrais parler à quelqu'un, s'il vous plaît",
)
LOADED = (
    "agent.blueprint", "agent.catalogue", "agent.checkup", "agent.dial", "agent.doctor",
    "agent.inquiry", "agent.masking", "agent.parlour", "agent.reading", "agent.settings.page",
    "agent.simulators.twilio", "agent.telling", "agent.web.server",
)  # fmt: skip
"""What the commands import, some of them by the second."""
Ran = subprocess.CompletedProcess[str]
Asked = Callable[[str], Ran]


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    knowledge = folder / "knowledge"
    knowledge.mkdir()
    (knowledge / "umbrella.md").write_text(ENTRY)
    (knowledge / "broken.md").write_text("---\nid: broken\n---\n")
    (folder / "noise.wav").write_bytes(b"RIFF nonsense")
    with wave.open(str(folder / "hush.wav"), "wb") as hush:
        hush.setparams((1, 2, 8000, 0, "NONE", ""))
        hush.writeframes(bytes(3200))
    return folder


@pytest.fixture(scope="module")
def ran(folder: Path) -> Iterator[Asked]:
    """All commands run side by side, from the first test on; each test waits for its own."""
    lines, other = "\n".join(LINES), socket.create_server(("127.0.0.1", 0))
    taken = str(other.getsockname()[1])
    mine = ("--knowledge", "knowledge")
    elsewhere = "http://agent.example.com/twilio/voice"
    nobody = f"http://127.0.0.1:{closed_port()}/twilio/voice"
    english = {"LANGUAGES": "en"}  # its recogniser is the smaller one
    bare = {**english, "DEEPGRAM_API_KEY": "dg", "LOCAL_MODELS_DIR": "."}  # nothing to be loaded
    deaf = {"DEEPGRAM_API_KEY": "dg", "DEEPGRAM_BASE_URL": f"http://127.0.0.1:{closed_port()}"}
    commands: dict[str, tuple[tuple[str, ...], str, dict[str, str]]] = {
        "doctor": (("doctor", "--json"), "", {**deaf, **english}),
        "pipeline json": (("pipeline", "--json"), "", bare),
        "kb jsonl": (("kb", "ask", "--jsonl", *mine), lines, {}),
        "kb json": (("kb", "ask", "What is a deductible?", "--json"), "", {}),
        "kb text": (("kb", "ask", "Where is my umbrella?", *mine), "", {}),
        "kb denied": (("kb", "ask", "I don't need a rental car, thanks"), "", {}),
        "kb leaning": (("kb", "ask", "And for my wife?"), "", {}),
        "kb nothing": (("kb", "ask"), "", {}),
        "talk jsonl": (("talk", "--jsonl"), "What is a deductible?\nThat's all, goodbye.", {}),
        "talk": (("talk", "What is a deductible?"), "", {}),
        "conversation": (("talk",), "What is a deductible?\nThat's all, goodbye.\nHello?\n", {}),
        "wav": (("talk", "--wav", "noise.wav"), "", {}),
        "redact": (("privacy", "redact", "--jsonl"), "\n".join(SAID), {}),
        "redact text": (("privacy", "redact", "My card is 4111 1111 1111 1111."), "", {}),
        "redact long": (
            ("privacy", "redact", "--jsonl"), "x " * 9, {"INPUT_PROCESSING_MAX_TEXT_LENGTH": "8"}
        ),
        "language": (("language", "--jsonl"), "\n".join(TONGUES), {}),
        "translate": (("translate", "--jsonl"), "hola\n{}\n", {}),
        "translate text": (("translate", "hola"), "", {}),
        "help": (("--help",), "", {}),
        "example": (("settings", "--example"), "", {}),
        "settings": (("settings", "--json"), "", SECRETS),
        "nonsense pipeline": (("pipeline", "--pipeline", "nonsense"), "", {}),
        "no module": (("pipeline", "--pipeline", "no_such.thing:stages"), "", {}),
        "simulate": (("simulate", "nonsense"), "", {}),
        "load elsewhere": (("load", elsewhere), "", {}),
        "call elsewhere": (("call", elsewhere), "", {}),
        "call wav": (("call", "http://127.0.0.1:9/voice", "--wav", "noise.wav"), "", {}),
        "call nobody": (("call", nobody, "--json", "--wav", "hush.wav"), "", {}),
        "taken": (("serve",), "", {"PORT": taken, **english}),
        "wrong serve": (("serve",), "", WRONG),
        "wrong kb": (("kb", "ask", "hello"), "", WRONG),
        "wrong doctor": (("doctor",), "", WRONG),
    }  # fmt: skip
    with other, ThreadPoolExecutor(2) as pool:
        running: dict[str, Future[Ran]] = {
            name: pool.submit(
                answerline, *arguments, folder=folder, given=given, loaded=LOADED, **variables
            )
            for name, (arguments, given, variables) in commands.items()
        }
        yield lambda name: running[name].result()


def ended(one: Ran, code: int) -> Ran:
    assert one.returncode == code, one.stderr
    assert "Traceback" not in one.stderr
    return one


def rows(one: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in one.stdout.splitlines()]


def test_what_is_personal_is_masked_line_by_line_and_call_by_call(ran: Asked) -> None:
    one = ended(ran("redact"), 0)
    masked = rows(one)
    assert [(row["text"], row["kinds"]) for row in masked] == [
        ("it is four one", []),
        ("my name is Ann", []),
        ("[number]", ["number"]),
        ("write to [email address]", ["email"]),
        ("", []),
    ]
    assert all(0 <= row["seconds"] < 1 for row in masked)
    assert one.stderr.splitlines() == ['line 5: expected {"text": "…"} or plain text']
    assert ended(ran("redact text"), 0).stdout == "My card is [card number].\n"


def test_more_than_is_read_of_a_text_is_told(ran: Asked) -> None:
    one = ended(ran("redact long"), 0)
    assert rows(one)[0]["text"] == "x x x x"
    assert one.stderr == "line 1: only its first 8 characters are read\n"


def test_languages_are_told_line_by_line_and_call_by_call(ran: Asked) -> None:
    told = rows(ended(ran("language"), 0))
    assert [row["language"] for row in told] == ["es", "es", "en", "fr"]
    assert all(0 < row["confidence"] <= 1 and row["seconds"] < 1 for row in told)


def test_without_a_model_nobody_translates(ran: Asked) -> None:
    one = ended(ran("translate"), 0)
    nothing = {"translation": None, "provider": None, "confidence": 0.0, "seconds": 0.0}
    assert rows(one) == [nothing, nothing]
    assert one.stderr.startswith("line 2: expected")
    assert ended(ran("translate text"), 1).stdout == "\n"


def test_the_help_lists_every_command(ran: Asked) -> None:
    words = ended(ran("help"), 0).stdout.split()
    assert set(words) >= COMMANDS


@pytest.mark.parametrize("command", ["serve", "kb", "doctor"])
def test_bad_settings_are_a_line_each_and_never_a_value(ran: Asked, command: str) -> None:
    one = ended(ran(f"wrong {command}"), 2)
    assert [line.partition(": expected ")[0] for line in sorted(one.stderr.splitlines())] == sorted(
        WRONG
    )
    assert "hunter" not in one.stdout + one.stderr


def test_a_port_that_is_taken_is_one_clear_line(ran: Asked) -> None:
    one = ended(ran("taken"), 1)
    assert "Address already in use" in one.stderr.splitlines()[-1]


def test_each_line_gets_its_answer_in_the_same_order(ran: Asked) -> None:
    one = ended(ran("kb jsonl"), 0)
    answers = rows(one)
    assert [tuple(row) for row in answers] == [FIELDS] * len(LINES)
    known = [row["entry"] == "lost-umbrella" and row["route"] == "knowledge" for row in answers]
    assert known == [True, True, True, False, False, True, True]
    assert answers[0]["answer"] == "Umbrellas wait at the front desk."
    assert answers[1]["answer"] == answers[2]["answer"] == "Los paraguas esperan en la recepción."
    assert [row["language"] for row in answers[:3]] == ["en", "es", "es"]
    assert answers[0]["department"] == "lost-property"
    assert all(row["confidence"] > 0.9 for row in answers[:3])
    assert len({row["ticket_id"] for row in answers}) == len(LINES)
    moments = [row["ticket_id"][:13] for row in answers]
    assert moments == sorted(moments), "milliseconds first"
    assert all(0 <= row["seconds"] < 1 for row in answers)


def test_what_cannot_be_used_is_named_on_standard_error(ran: Asked) -> None:
    lines = ran("kb jsonl").stderr.splitlines()
    assert any(line.startswith("broken.md:") for line in lines)
    assert any(line.startswith("line 5: expected") for line in lines)
    assert len(lines) == 2


def test_one_question_is_answered_in_words_or_as_json(ran: Asked) -> None:
    assert ended(ran("kb text"), 0).stdout.splitlines()[0] == "Umbrellas wait at the front desk."
    (answer,) = rows(ended(ran("kb json"), 0))
    assert tuple(answer) == FIELDS
    assert answer["entry"] == "what-is-a-deductible"
    ended(ran("kb nothing"), 2)


def test_kb_ask_says_why_it_does_not_answer(ran: Asked) -> None:
    assert "differs from the entry's" in ended(ran("kb denied"), 0).stdout
    assert "leans on what was said before" in ended(ran("kb leaning"), 0).stdout


def test_whoever_stops_reading_stops_the_answers_without_a_word(folder: Path) -> None:
    with running("kb", "ask", "--jsonl", folder=folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("hello\n" * 2000)
        process.stdin.flush()
        first_line(process)
        process.stdout.close()
        process.stdin.close()
        process.wait(PATIENCE)
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_talk_answers_one_question_lines_of_json_and_a_conversation(ran: Asked) -> None:
    known = "The deductible is the part of a claim"
    assert ended(ran("talk"), 0).stdout.startswith(known)
    first, last = rows(ended(ran("talk jsonl"), 0))
    assert first["text"].startswith(known)
    assert (first["route"], first["entry"]) == ("knowledge", "what-is-a-deductible")
    assert (first["goodbye"], last["goodbye"]) == (False, True)
    said = ended(ran("conversation"), 0).stdout
    assert known in said
    assert said.splitlines()[-1].startswith("goodbye"), "nothing after it"


@pytest.mark.parametrize("command", [("talk",), ("kb", "ask", "--jsonl")])
def test_ctrl_c_ends_what_waits_for_input(folder: Path, command: tuple[str, ...]) -> None:
    with running(*command, folder=folder) as process:
        assert process.stdin is not None
        process.stdin.write("hello\n")
        process.stdin.flush()
        first_line(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("wav", "noise.wav"),
        ("call wav", "noise.wav"),
        ("nonsense pipeline", "--pipeline nonsense: expected module:attribute"),
        ("no module", "--pipeline no_such.thing:stages: no module named no_such"),
        ("simulate", "expected one of deepgram, openai, elevenlabs, twilio-rest, pinecone"),
        ("load elsewhere", "--yes"),
        ("call elsewhere", "--yes"),
    ],
)
def test_a_mistake_of_the_user_is_one_line_and_exit_2(ran: Asked, command: str, why: str) -> None:
    one = ended(ran(command), 2)
    (line,) = one.stderr.splitlines()
    assert why in line


def test_a_call_that_nobody_answers_is_reported_and_exit_1(ran: Asked) -> None:
    report = json.loads(ended(ran("call nobody"), 1).stdout)
    assert report["ended_by"] != "caller"
    assert report["turns"] == []


def test_the_pipeline_is_shown_in_order(ran: Asked) -> None:
    stages = [row["stage"] for row in json.loads(ended(ran("pipeline json"), 0).stdout)]
    assert stages == [
        "LineInput", "Hear", "Ears", "Keys", "Sanitize", "UserTurn", "Translate", "Replies",
        "Collect", "Survey", "Route", "Model", "Localize", "Fillers", "Voice", "LineOutput",
        "AgentTurn",
    ]  # fmt: skip


def test_a_new_stage_comes_with_a_test_that_passes(tmp_path: Path) -> None:
    made = ended(answerline("pipeline", "new", "spell_out", folder=tmp_path), 0)
    assert "SpellOut()" in made.stdout
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_spell_out.py"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    ended(answerline("pipeline", "new", "spell_out", folder=tmp_path), 2)


def test_the_settings_page_holds_no_secret(ran: Asked) -> None:
    one = ended(ran("settings"), 0)
    assert "hunter" not in one.stdout + one.stderr
    shown = {row["name"]: row for row in json.loads(one.stdout)}
    assert all(shown[name]["value"] == "set" for name in SECRETS)
    assert shown["OPENAI_API_KEY"]["source"] == "environment"


def test_the_example_is_the_file_that_is_shipped(ran: Asked) -> None:
    assert ended(ran("example"), 0).stdout == (ROOT / ".env.example").read_text()


def test_the_doctor_finds_a_provider_that_does_not_answer(ran: Asked) -> None:
    page = json.loads(ended(ran("doctor"), 1).stdout)
    assert not page["ok"]
    ill = [row["used"] for row in page["stages"] if row["answers"] is False]
    assert ill == ["deepgram"]
    assert {"ears", "knowledge", "voice"} <= {row["stage"] for row in page["stages"]}
