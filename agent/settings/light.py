"""What `kb` needs of the settings, where it can be told without loading what checks all of them.

Half of a short command's time would go into that. Whatever is not plainly right is left to `load`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DOTENV = Path(".env")
_FIELD = re.compile(r"^    ([a-z][a-z0-9_]*): ", re.MULTILINE)
_ELSEWHERE = re.compile(r"(?:POSTGRES|REDIS)_\w+|GOOGLE_API_KEY\w*")
"""Names that stand for settings of other names."""
_LANGUAGES = re.compile(r"[a-z]{2}(?:,[a-z]{2})*")
_SHARE = re.compile(r"0(?:\.\d+)?|1(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Light:
    """The fields are those of `Settings`, with the same defaults."""

    knowledge_dir: Path | None = None
    data_dir: Path = Path("data")
    languages: tuple[str, ...] = ("en", "es")
    routing_answer_threshold: float = 0.90
    routing_model_threshold: float = 0.0
    embedding: str = "auto"
    models: tuple[str, ...] = ()
    pinecone_api_key: None = None
    redis_url: None = None
    flash_api_key: None = None
    input_processing_max_text_length: int = 5000
    input_processing_target_language: str = "en"


def light(environ: Mapping[str, str] | None = None, dotenv: Path = DOTENV) -> Light | None:
    """None where a variable is set that only `load` can judge."""
    if not _says_nothing(dotenv):
        return None
    given = {
        name: value.strip() for name, value in (os.environ if environ is None else environ).items()
    }
    names = known()
    found = {
        name: value
        for name, value in given.items()
        if value and (name.removesuffix("_FILE") in names or _ELSEWHERE.fullmatch(name))
    }
    values: dict[str, object] = {}
    for name, text in found.items():
        value = _value(name, text)
        if value is None:
            return None
        values[name.lower()] = value
    made = Light(**values)  # type: ignore[arg-type]
    return made if made.routing_model_threshold <= made.routing_answer_threshold else None


def known() -> frozenset[str]:
    """Every setting's variable, as `areas` has them; importing it is what takes the time."""
    source = Path(__file__).with_name("areas.py").read_text("utf-8")
    return frozenset(name.upper() for name in _FIELD.findall(source))


def _value(name: str, text: str) -> object | None:
    """What `load` would make of it; None where that is not plain."""
    if name == "KNOWLEDGE_DIR":
        return Path(text) if Path(text).is_dir() else None
    if name == "DATA_DIR":
        return Path(text) if Path(text).is_dir() or not Path(text).exists() else None
    if name == "LANGUAGES":
        codes = tuple(text.split(","))
        return codes if _LANGUAGES.fullmatch(text) and len(set(codes)) == len(codes) else None
    if name in {"ROUTING_ANSWER_THRESHOLD", "ROUTING_MODEL_THRESHOLD"}:
        return float(text) if _SHARE.fullmatch(text) else None
    return None


def _says_nothing(dotenv: Path) -> bool:
    """No such file, or one of comments only, as the example is."""
    try:
        lines = dotenv.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)
