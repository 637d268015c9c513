"""`answerline privacy erase` as people run it."""

from functools import partial
from pathlib import Path

import orjson
import pytest

from tests.commands import answerline
from tests.postgres import free_port

command = partial(answerline, loaded=("agent.erasers", "agent.erasing"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "one of --caller and --call"),
        (("--caller", "600111222"), "such as +34600111222"),
    ],
)
def test_a_mistake_is_a_line(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    done = command("privacy", "erase", *options, folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_to_erase_is_done(tmp_path: Path) -> None:
    done = command("privacy", "erase", "--caller", "+34 600 111 222", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    told = orjson.loads(done.stdout)
    assert (told["done"], told["calls"]) == (True, 0)
    assert "600111222" not in done.stdout + done.stderr


def test_what_is_away_is_named(tmp_path: Path) -> None:
    url = f"postgresql://answerline:secret@127.0.0.1:{free_port()}/answerline"
    done = command("privacy", "erase", "--call", "CA1", folder=tmp_path, DATABASE_URL=url)
    assert done.returncode == 1
    assert "journal" in done.stdout
    assert "nothing was begun" in done.stdout
    assert "secret" not in done.stdout + done.stderr
