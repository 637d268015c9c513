"""The pages made from the settings."""

from pathlib import Path

from agent.settings import find, load
from agent.settings.areas import AREAS
from agent.settings.environment import NAMES, SECRETS
from agent.settings.page import example, table

ROOT = Path(__file__).parents[3]


def test_the_committed_example_is_the_generated_one() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == example()


def test_the_example_sets_nothing(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(example(), "utf-8")
    assert load({}, dotenv) == load({}, None)


def test_the_example_read_without_its_comments_is_the_defaults(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    lines = [line.removeprefix("# ") for line in example().splitlines()]
    named = [line for line in lines if line.partition("=")[0] in NAMES]
    assert len(named) == len(NAMES)
    dotenv.write_text("\n".join(named), "utf-8")
    assert load({}, dotenv) == load({}, None)


def test_every_setting_is_explained_and_in_one_area() -> None:
    fields = [field for area in AREAS for field in area.model_fields]
    assert sorted(fields) == sorted(name.lower() for name in NAMES)
    assert all(info.description for info in NAMES.values())


def test_the_table_tells_where_a_value_came_from_and_no_secret() -> None:
    variables = {"OPENAI_API_KEY": "sk-1", "PORT": "9000", "GOOGLE_API_KEY": "sk-2"}
    rows = {row.name: row for row in table(load(variables, None), find(variables, None))}
    assert set(rows) == set(NAMES)
    assert (rows["PORT"].value, rows["PORT"].source) == ("9000", "environment")
    assert (rows["OPENAI_API_KEY"].value, rows["OPENAI_API_KEY"].source) == ("set", "environment")
    assert (rows["FLASH_API_KEY"].value, rows["FLASH_API_KEY"].source) == ("set", "GOOGLE_API_KEY")
    assert (rows["HOST"].value, rows["HOST"].source) == ("127.0.0.1", "default")
    assert {rows[name].value for name in SECRETS} == {"set", "unset"}
