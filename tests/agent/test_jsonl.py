"""Lines in: plain, or JSON objects with a text."""

import pytest

from agent.jsonl import NoText, read


@pytest.mark.parametrize(
    ("line", "text", "language"),
    [
        ("What is a deductible?\n", "What is a deductible?", ""),
        ('{"text": "¿Qué es?", "language": "es"}\n', "¿Qué es?", "es"),
        ('{"text": " hello ", "call": 7}', "hello", ""),
        ('{"text": "hola", "language": "ES_mx"}', "hola", "es"),
        ('{"text": "hola", "language": null}', "hola", ""),
        ('{"text": "hola", "language": 5}', "hola", ""),
        ('["hello"]', '["hello"]', ""),
        ("42", "42", ""),
        ('{"text": "broken', '{"text": "broken', ""),
        ("\ufeffhello\r\n", "hello", ""),
        ('\ufeff{"text": "hello"}', "hello", ""),
        ("\n", "", ""),
    ],
)
def test_a_line_is_read(line: str, text: str, language: str) -> None:
    found = read(line)
    assert (found.text, found.language) == (text, language)


@pytest.mark.parametrize(
    ("call", "known_as"), [('"CA1"', "CA1"), ("7", "7"), ("null", ""), ("[1]", "")]
)
def test_lines_of_one_call_are_known_by_its_name(call: str, known_as: str) -> None:
    assert read(f'{{"text": "four one", "call": {call}}}').call == known_as


@pytest.mark.parametrize("line", ["{}", '{"question": "hello"}', '{"text": null}', '{"text": 5}'])
def test_an_object_without_a_text_is_told_apart(line: str) -> None:
    with pytest.raises(NoText, match="expected"):
        read(line)
