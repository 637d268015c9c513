"""Words of the trade are found in a text and looked for in its translation."""

import re
from pathlib import Path

import pytest

from knowledge import glossary
from knowledge.glossary import FILE, Glossary, GlossaryError, Pair

WORDS = Glossary(
    [
        {"en": ("deductible", "excess"), "es": ("deducible", "franquicia")},
        {"en": ("roadside assistance",), "es": ("asistencia en carretera",)},
        {"en": ("assistance",), "es": ("asistencia",)},
    ],
    keep=("VIN",),
)


def test_the_longest_terms_of_a_text_are_found() -> None:
    found = WORDS.pairs("¿La asistencia en carretera tiene franquicia?", "es", "en")
    assert found == [
        Pair("asistencia en carretera", ("roadside assistance",)),
        Pair("franquicia", ("deductible", "excess")),
    ]
    assert WORDS.pairs("Indeductible", "en", "es") == []
    assert WORDS.pairs("deducibles", "es", "fr") == []


@pytest.mark.parametrize(
    ("translated", "missing"),
    [
        ("What is the deductible, and where is the VIN?", []),
        ("What is the excess, and where is the VIN?", []),
        ("What is the deducible, and where is the VIN?", ["deducible"]),
        ("What is the franchise, and where is the number?", ["deducible", "VIN"]),
    ],
)
def test_a_translation_is_held_to_its_terms(translated: str, missing: list[str]) -> None:
    original = "¿Cuál es el deducible y dónde está el VIN?"
    found = WORDS.missing(original, translated, "es", "en")
    assert [pair.said for pair in found] == missing
    assert WORDS.missing("hola", "hello", "es", "en") == []


def test_a_plural_is_the_same_term() -> None:
    words = glossary.load()
    assert words.missing("mis pólizas y facturas", "my policies and bills", "es", "en") == []
    assert words.pairs("two policies", "en", "es") == [Pair("policy", ("póliza",))]


def test_the_shipped_one_is_used_unless_the_folder_has_its_own(tmp_path: Path) -> None:
    assert glossary.load().pairs("mi póliza", "es", "en") == [Pair("póliza", ("policy",))]
    assert glossary.load(tmp_path).pairs("mi póliza", "es", "en")
    (tmp_path / FILE).write_text("terms:\n  - {en: boat, es: [barco, bote]}\n")
    own = glossary.load(tmp_path)
    assert own.pairs("dos barcos", "es", "en") == [Pair("barco", ("boat",))]
    assert own.pairs("mi póliza", "es", "en") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("terms: [", "glossary.yaml:1: expected YAML"),
        ("terms:\n  - {english: boat}\n", "terms.0"),
        ("terms:\n  - {en: ['']}\n", "terms.0"),
        ("words: []\n", "words"),
        ("- en\n", "glossary.yaml: file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_place(
    tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(GlossaryError, match=re.escape(FILE)) as caught:
        glossary.load(tmp_path)
    assert expected in str(caught.value)


def test_a_file_of_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes("keep: [año]".encode("latin-1"))
    with pytest.raises(GlossaryError, match="UTF-8"):
        glossary.load(tmp_path)
