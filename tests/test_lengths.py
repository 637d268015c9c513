"""Files and functions stay short: a long one holds a second subject."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("agent", "processors", "knowledge", "benchmarks", "deploy", "tests")
FILE, FUNCTION = 400, 60
"""Lines."""


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert [f"{path}: {lines}" for path, lines in lengths.items() if lines > FILE] == []


def test_no_function_is_longer_than_60_lines() -> None:
    functions = [
        (f"{path}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [f"{name}: {lines}" for name, lines in functions if lines > FUNCTION] == []
