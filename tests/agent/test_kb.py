"""`answerline kb`: files come in whole or not at all, and everything in them can be listed."""

import json
from functools import partial
from pathlib import Path

import pytest

from agent.settings.environment import NAMES, load
from agent.settings.light import known, light
from knowledge.fitted import Fitted, content_hash, fitted_file
from knowledge.ingest import ingest
from knowledge.outside import LANGUAGES, strangers
from tests.commands import answerline, simulated
from tests.knowledge.examples import TODAY

pytestmark = pytest.mark.timeout(120)

ENTRY = """---
id: {id}
department: lost-property
valid_until: 2099-12-31
en:
  question: {question}
  phrasings: [I lost my umbrella]
  answer: Umbrellas wait at the front desk.
---
"""
LOADED = (
    "agent.accession",
    "agent.catalogue",
    "agent.evaluation",
    "agent.library",
    "agent.questions",
    "agent.sync",
    "knowledge.embedding.local",
    "knowledge.pinecone.sync",
)
"""What these commands import, each half a second and `kb sync` more."""
command = partial(answerline, loaded=LOADED)
GUIDE = "# Lost things\n\nWe keep what was found for a year.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.md").write_text(ENTRY.format(id="umbrella", question="Where is it?"))
    (tmp_path / "guide.md").write_text(GUIDE)
    (tmp_path / "broken.md").write_text("---\nid: broken\n---\n")
    return tmp_path


def test_files_are_added_once_replaced_and_refused(folder: Path) -> None:
    given = ("kb", "add", "--knowledge", "kb", "--department", "desk")
    first = command(*given, "one.md", "guide.md", "broken.md", "gone.md", folder=folder)
    assert first.returncode == 1
    assert first.stdout.splitlines() == [
        "added desk/one.md: 1 entry",
        "added desk/guide.md: 1 passage",
        "refused broken.md",
        "refused gone.md",
        "`answerline kb sync` calibrates to it: until then less is answered as sure",
    ]
    assert first.stderr.splitlines() == [
        "desk/broken.md:2: no language; expected `en:` with question and answer",
        "gone.md: expected a file",
    ]
    assert sorted(path.name for path in (folder / "kb/desk").iterdir()) == ["guide.md", "one.md"]
    again = command(*given, "one.md", "guide.md", folder=folder)
    assert again.returncode == 0
    assert [line.split()[0] for line in again.stdout.splitlines()] == ["unchanged", "unchanged"]
    (folder / "guide.md").write_text(GUIDE * 2)
    (folder / "two.md").write_text((folder / "one.md").read_text())
    (folder / "umbrella.csv").write_text("id,question,answer\numbrella,Where?,There.\n")
    more = command(*given, "guide.md", "two.md", "umbrella.csv", folder=folder)
    assert more.stdout.splitlines()[0].startswith("replaced desk/guide.md")
    assert "desk/two.md:1: id 'umbrella' is taken by desk/one.md" in more.stderr
    assert len([*(folder / "kb/desk").iterdir()]) == 2


def test_a_file_that_lies_in_the_folder_is_checked_where_it_is(folder: Path) -> None:
    (folder / "kb/desk").mkdir(parents=True)
    (folder / "kb/desk/in.md").write_text(GUIDE)
    one = command("kb", "add", "kb/desk/in.md", folder=folder, KNOWLEDGE_DIR="kb")
    assert one.stdout == "unchanged desk/in.md: 1 passage\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("one.md",), "KNOWLEDGE_DIR: expected"),
        (("one.md", "--knowledge", "kb", "--department", "../up"), "--department ../up: expected"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    folder: Path, arguments: tuple[str, ...], why: str
) -> None:
    one = command("kb", "add", *arguments, folder=folder)
    assert one.returncode == 2
    (line,) = one.stderr.splitlines()
    assert line.startswith(why)
    assert not (folder / "kb").exists()


def test_the_list_holds_entries_documents_and_problems(folder: Path) -> None:
    one = command("kb", "list", "--knowledge", ".", "--json", folder=folder)
    assert one.returncode == 0
    page = json.loads(one.stdout)
    entry, document = sorted(page["content"], key=lambda row: str(row["kind"]), reverse=True)
    assert entry == {
        "kind": "entry",
        "id": "umbrella",
        "file": "one.md",
        "department": "lost-property",
        "languages": ["en"],
        "phrasings": 2,
        "passages": 0,
        "valid_until": "2099-12-31",
    }
    assert (document["id"], document["passages"]) == ("guide.md", 1)
    assert [(row["file"], row["line"]) for row in page["problems"]] == [("broken.md", 2)]
    plain = command("kb", "list", "--knowledge", ".", folder=folder)
    rows = [line.split("\t") for line in plain.stdout.splitlines()]
    assert rows[0][:3] == ["kind", "id", "department"]
    assert {row[1] for row in rows[1:]} == {"umbrella", "guide.md"}
    assert plain.stderr.startswith("broken.md:2: ")


def test_the_content_is_synced_to_pinecone_and_only_what_changed(folder: Path) -> None:
    with simulated("pinecone", folder, "--latency", "0") as url:
        mine = {
            "KNOWLEDGE_DIR": "kb",
            "PINECONE_API_KEY": "pc",
            "PINECONE_CONTROLLER_HOST": url,
            "EMBEDDING": "local",
        }
        (folder / "kb").mkdir()
        (folder / "one.md").rename(folder / "kb/one.md")
        strange = sum(len(strangers(language)) for language in LANGUAGES)
        without = command("kb", "sync", folder=folder, **mine)
        assert without.returncode == 1
        assert "kb sync --create" in without.stderr
        first = command("kb", "sync", "--create", folder=folder, **mine)
        assert first.returncode == 0, first.stderr
        assert "confidence: as shipped, because no language has two entries" in first.stdout
        added = f"pinecone: {2 + strange} added, 0 removed, 0 as they were"
        assert first.stdout.splitlines()[-1] == added
        text = ENTRY.format(id="umbrella", question="Where is it now?")
        (folder / "kb/one.md").write_text(text)
        again = command("kb", "sync", folder=folder, **mine)
        assert again.stdout.splitlines()[-1] == (
            f"pinecone: 1 added, 1 removed, {1 + strange} as they were"
        )


def test_what_was_fitted_to_this_content_is_not_fitted_again(folder: Path) -> None:
    (folder / "two.md").write_text(ENTRY.format(id="hat", question="Where is my hat?"))
    entries = ingest(folder, TODAY).entries
    Fitted(content_hash(entries), {}).save(fitted_file(folder / "data", folder))
    given = ("kb", "sync", "--knowledge", ".")
    one = command(*given, folder=folder)
    assert one.stdout.splitlines()[-1] == (
        "confidence: fitted to the phrasings of this content before"
    )


def test_many_questions_wait_for_a_quick_fit_once_and_sync_takes_its_time(tmp_path: Path) -> None:
    for thing in ("umbrella", "hat"):
        said = ", ".join(f"I lost {thing} number {n} at the {n % 7} gate" for n in range(60))
        entry = ENTRY.format(id=thing, question=f"Where is my {thing}?")
        (tmp_path / f"{thing}.md").write_text(entry.replace("I lost my umbrella", said))
    ask = ("kb", "ask", "--jsonl", "--knowledge", ".")
    first, second = (command(*ask, folder=tmp_path, given="my hat is gone\n") for _ in range(2))
    assert first.stderr == "fitting to 122 phrasings that are new, once: 120 s at most\n"
    assert second.stderr == ""
    answers = [json.loads(one.stdout) for one in (first, second)]
    assert answers[0]["entry"] == answers[1]["entry"] == "hat"
    assert answers[0]["confidence"] == answers[1]["confidence"]
    synced = command("kb", "sync", "--knowledge", ".", folder=tmp_path)
    assert synced.stdout.splitlines()[-1] == "confidence: fitted to the phrasings of this content"


def test_nothing_is_synced_of_an_empty_folder(folder: Path) -> None:
    (folder / "kb").mkdir()
    one = command("kb", "sync", "--knowledge", "kb", folder=folder)
    assert one.returncode == 1
    assert one.stderr == "kb: nothing that can be used\n"


def test_answers_are_judged_by_a_file_of_questions(folder: Path) -> None:
    asked = folder / "asked.csv"
    asked.write_text(
        "text,entry\n"
        "I lost my umbrella,umbrella\n"
        "where is it,umbrella\n"
        "what is the capital of France,\n"
        "where is my hat,hat\n"
    )
    given = ("kb", "eval", "asked.csv", "--knowledge", ".")
    mine = {"EMBEDDING": "none"}
    one = command(*given, "--json", "--at-least", "0.95", folder=folder, **mine)
    assert one.returncode == 0, one.stderr
    assert one.stderr.splitlines() == [
        "broken.md:2: no language; expected `en:` with question and answer",
        "asked.csv:5: no entry 'hat'",
    ]
    (part,) = json.loads(one.stdout)["parts"]
    found = part["result"]
    assert (found["questions"], found["strangers"]) == (2, 1)
    assert (found["accuracy"], found["right"], found["strangers_answered"]) == (1.0, 1.0, 0.0)
    asked.write_text("text,entry\nI lost my umbrella,\nwhere is it,umbrella\n")
    wrong = command(*given, "--at-least", "0.95", folder=folder, **mine)
    assert wrong.returncode == 1  # who asks what nothing answers was answered all the same
    rows = {row.split("\t")[0]: row.split("\t")[1:] for row in wrong.stdout.splitlines()}
    assert rows["strangers answered"][0] == "100.0 %"


def test_answers_are_judged_by_phrasings_that_are_held_out(folder: Path) -> None:
    one = command("kb", "eval", "--knowledge", ".", "--json", folder=folder, EMBEDDING="none")
    assert one.returncode == 0, one.stderr
    parts = json.loads(one.stdout)["parts"]
    assert [(part["questions"], part["language"]) for part in parts] == [
        ("as written", "en"),
        ("misheard", "en"),
    ]
    assert parts[0]["result"]["questions"] == 2
    assert parts[0]["result"]["strangers"] >= 100


def test_too_few_right_answers_fail_the_command(folder: Path) -> None:
    other = ENTRY.format(id="hat", question="Where is my hat?").replace("umbrella", "hat")
    (folder / "two.md").write_text(other)
    (folder / "asked.jsonl").write_text('{"text": "I lost my umbrella", "entry": "hat"}\n')
    given = ("kb", "eval", "asked.jsonl", "--knowledge", ".", "--at-least", "0.95")
    one = command(*given, folder=folder, EMBEDDING="none")
    assert one.returncode == 1
    assert one.stderr.splitlines()[-1] == "fewer than 95% of the given answers are right"


def test_questions_that_cannot_be_read_are_one_line_and_exit_2(folder: Path) -> None:
    (folder / "asked.csv").write_text("")
    for name, why in (("asked.csv", "asked.csv: no question"), ("gone.csv", "gone.csv: No such")):
        one = command("kb", "eval", name, "--knowledge", ".", folder=folder, EMBEDDING="none")
        assert one.returncode in {1, 2}
        assert one.stderr.splitlines()[-1].startswith(why)


def test_the_settings_that_questions_need_are_told_without_the_others(tmp_path: Path) -> None:
    assert known() == set(NAMES)
    given = {
        "KNOWLEDGE_DIR": str(tmp_path),
        "DATA_DIR": str(tmp_path / "new"),
        "LANGUAGES": "es,en",
        "ROUTING_ANSWER_THRESHOLD": "0.8",
        "ROUTING_MODEL_THRESHOLD": "0",
        "PATH": "/bin",
    }
    told, checked = light(given, tmp_path / ".env"), load(given, None)
    assert told is not None
    for name in told.__slots__:
        assert getattr(told, name) == getattr(checked, name), name


@pytest.mark.parametrize(
    "given",
    [
        {"PORT": "x"},
        {"OPENAI_API_KEY": "sk"},
        {"OPENAI_API_KEY_FILE": "key"},
        {"REDIS_HOST": "redis"},
        {"KNOWLEDGE_DIR": "/nowhere"},
        {"LANGUAGES": "en, es"},
        {"LANGUAGES": "en,en"},
        {"ROUTING_ANSWER_THRESHOLD": "2"},
        {"ROUTING_ANSWER_THRESHOLD": "0.5", "ROUTING_MODEL_THRESHOLD": "0.6"},
    ],
)
def test_whatever_is_not_plain_is_left_to_whoever_checks_it(
    tmp_path: Path, given: dict[str, str]
) -> None:
    assert light(given, tmp_path / ".env") is None


@pytest.mark.parametrize(("text", "plain"), [("# PORT=1\n\n", True), ("PORT=1\n", False)])
def test_a_dotenv_of_comments_says_nothing(tmp_path: Path, text: str, plain: bool) -> None:
    (tmp_path / ".env").write_text(text)
    assert (light({}, tmp_path / ".env") is not None) is plain
