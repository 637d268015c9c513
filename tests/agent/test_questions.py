"""Files of questions: three forms, and every bad line named."""

from pathlib import Path

import pytest

from agent.questions import Unreadable, read
from knowledge.evaluation import Case

KNOWN = frozenset({"umbrella", "hat"})


def told(path: Path, text: str) -> tuple[list[Case], list[str]]:
    path.write_text(text, encoding="utf-8")
    said: list[str] = []
    cases = read(path, KNOWN, language=lambda _: "en", warn=said.append)
    return cases, [line.removeprefix(f"{path}:") for line in said]


def test_objects_a_line(tmp_path: Path) -> None:
    cases, said = told(
        tmp_path / "asked.jsonl",
        '{"text": "Where is it?", "entry": "umbrella"}\n'
        "\n"
        '{"text": "¿Dónde?", "entry": "hat", "language": "es-MX", "more": 1}\n'
        '{"text": "capital of France", "entry": null}\n'
        '{"text": "Where?"}\n'
        "{broken\n"
        '{"text": " ", "entry": "hat"}\n'
        '{"text": "Where?", "entry": "coat"}\n'
        '{"text": 7, "entry": "hat"}\n',
    )
    assert cases == [
        Case("Where is it?", "umbrella", "en"),
        Case("¿Dónde?", "hat", "es"),
        Case("capital of France", "", "en"),
    ]
    assert said == [
        '5: expected {"text": "…", "entry": "…"}',
        '6: expected {"text": "…", "entry": "…"}',
        "7: no text",
        "8: no entry 'coat'",
        "9: text, entry, language: expected texts",
    ]


@pytest.mark.parametrize("name", ["asked.csv", "asked.txt"])
def test_a_table_with_its_columns_named(tmp_path: Path, name: str) -> None:
    cases, said = told(
        tmp_path / name,
        '\ufeffEntry,Text\r\numbrella,"Where, please, is it?"\r\n,nothing of ours\r\nhat\r\n',
    )
    assert cases == [
        Case("Where, please, is it?", "umbrella", "en"),
        Case("nothing of ours", "", "en"),
    ]
    assert said == ["4: no text"]


def test_a_table_without_names_is_text_entry_language(tmp_path: Path) -> None:
    cases, said = told(tmp_path / "asked.tsv", 'my "hat"\that\nonly text\n\nsombrero\that\tes\n')
    assert cases == [Case('my "hat"', "hat", "en"), Case("sombrero", "hat", "es")]
    assert said == ["2: expected text and entry"]


def test_a_broken_table_is_read_up_to_where_it_breaks(tmp_path: Path) -> None:
    cases, said = told(tmp_path / "asked.csv", 'where,hat\n"where" now,hat\nlater,hat\n')
    assert cases == [Case("where", "hat", "en")]
    assert said[0].startswith("2: ")
    assert said[0].endswith("what follows is left out")


@pytest.mark.parametrize(("data", "why"), [(b"", "no question"), (b"\xff\xfea", "UTF-8")])
def test_a_file_without_a_question_is_a_mistake(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "asked.csv").write_bytes(data)
    with pytest.raises(Unreadable, match=why):
        read(tmp_path / "asked.csv", KNOWN, language=lambda _: "en", warn=print)
