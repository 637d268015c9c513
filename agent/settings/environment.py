"""From variables to `Settings`: the environment over `.env`, then files, then aliases.

The only place of the product that reads the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, unquote, urlsplit

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource

from agent.settings.model import (
    Settings,
    SettingsError,
    contradictions,
    expected,
    is_secret,
    unservable,
)

DOTENV = Path(".env")
NOTHING: Mapping[str, str] = MappingProxyType({})
NAMES = {name.upper(): info for name, info in Settings.model_fields.items()}
SECRETS = frozenset(name for name, info in NAMES.items() if is_secret(info))


@dataclass(frozen=True, slots=True)
class PartsOfUrl:
    """Variables that other programs use for what is one URL here: DATABASE_URL, REDIS_URL."""

    scheme: str
    prefix: str
    port: int
    parts: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}_{part}" for part in self.parts)

    def compose(self, given: Mapping[str, str]) -> str:
        """The URL; a part that is not given has the server's own default."""
        user = quote(given.get("USER", ""), safe="")
        password = quote(given.get("PASSWORD", ""), safe="")
        login = f"{user}:{password}@" if password else f"{user}@" if user else ""
        host = given.get("HOST", "localhost")
        host = f"[{host}]" if ":" in host else host
        database = quote(given.get("DB", ""), safe="")
        return f"{self.scheme}://{login}{host}:{given.get('PORT', self.port)}/{database}"

    def differing(self, given: Mapping[str, str], url: str) -> list[str]:
        """The given parts that the URL contradicts. Raises ValueError when it is no URL."""
        split = urlsplit(url)
        stated = {
            "HOST": split.hostname or "",
            "PORT": str(split.port or self.port),
            "DB": unquote(split.path.strip("/")),
            "USER": unquote(split.username or ""),
            "PASSWORD": unquote(split.password or ""),
        }
        if self.scheme == "redis":
            stated["DB"] = stated["DB"] or "0"
        return [part for part, value in given.items() if value != stated[part]]


URLS = {
    "DATABASE_URL": PartsOfUrl(
        "postgresql", "POSTGRES", 5432, ("HOST", "PORT", "DB", "USER", "PASSWORD")
    ),
    "REDIS_URL": PartsOfUrl("redis", "REDIS", 6379, ("HOST", "PORT", "DB", "PASSWORD")),
}
SAME = {"GOOGLE_API_KEY": "FLASH_API_KEY"}
ALIASES = frozenset(SAME).union(*(url.names() for url in URLS.values()))
SECRET_ALIASES = frozenset({"GOOGLE_API_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"})


@dataclass(slots=True)
class Found:
    """Variables with a value, each with where it came from, and lines for those that are wrong."""

    values: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Names of `.env`, and names of the environment, that no setting has."""

    def put(self, name: str, value: str, source: str) -> None:
        self.values[name] = value
        self.sources[name] = source


def load(
    environ: Mapping[str, str] | None = None,
    dotenv: Path | None = DOTENV,
    stated: Mapping[str, str] = NOTHING,
) -> Settings:
    """The settings. None: the process's environment; no `.env`. `stated`: by the command line,
    which wins over both. Raises SettingsError."""
    found = find(environ, dotenv)
    for name, value in stated.items():
        found.put(name, value, "command line")
    values = {name.lower(): found.values[name] for name in NAMES if name in found.values}
    wrong = list(found.wrong)
    try:
        settings = Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        names = dict.fromkeys(str(problem["loc"][0]).upper() for problem in error.errors())
        raise SettingsError(
            wrong + [f"{name}: expected {expected(NAMES[name])}" for name in names]
        ) from None
    wrong += contradictions(settings)
    if wrong:
        raise SettingsError(wrong)
    return settings


def servable(settings: Settings) -> Settings:
    """The same settings. Raises SettingsError where a service may not listen with them."""
    wrong = unservable(settings)
    if wrong:
        raise SettingsError(wrong)
    return settings


def find(environ: Mapping[str, str] | None = None, dotenv: Path | None = DOTENV) -> Found:
    """What is set, and where; an empty variable counts as unset."""
    found = Found()
    written = _written(dotenv, found)
    actual = {
        name: value.strip() for name, value in (os.environ if environ is None else environ).items()
    }
    for source, variables in ((".env", written), ("environment", actual)):
        for name, value in variables.items():
            if not _known(name):
                found.unknown.append(name)
            elif value:
                found.put(name, value, source)
    _read_files(found)
    _apply_aliases(found)
    return found


def _written(dotenv: Path | None, found: Found) -> dict[str, str]:
    if dotenv is None or not dotenv.is_file():
        return {}
    try:
        source = DotEnvSettingsSource(
            Settings, env_file=dotenv, env_file_encoding="utf-8", case_sensitive=True
        )
        return {name: (value or "").strip() for name, value in source.env_vars.items()}
    except (OSError, UnicodeDecodeError):
        found.wrong.append(".env: expected a readable UTF-8 file")
        return {}


def _known(name: str) -> bool:
    own = name in NAMES or name in ALIASES
    base = name.removesuffix("_FILE")
    return own or (base != name and base in SECRETS | SECRET_ALIASES)


def _read_files(found: Found) -> None:
    for name in sorted(SECRETS | SECRET_ALIASES):
        path = found.values.pop(f"{name}_FILE", None)
        if path is None:
            continue
        try:
            value = Path(path).read_text("utf-8").strip()
        except (OSError, ValueError):
            found.wrong.append(f"{name}_FILE: expected a readable text file")
            continue
        if not value or found.values.get(name, value) != value:
            reason = "a file that is not empty" if not value else f"the value of {name}, or neither"
            found.wrong.append(f"{name}_FILE: expected {reason}")
            continue
        found.put(name, value, f"{name}_FILE")


def _apply_aliases(found: Found) -> None:
    for alias, name in SAME.items():
        value = found.values.get(alias)
        if value is None:
            continue
        if found.values.setdefault(name, value) != value:
            found.wrong.append(f"{alias}: expected the value of {name}, or only one of the two")
        found.sources.setdefault(name, alias)
    for name, url in URLS.items():
        given = {
            part: found.values[variable]
            for part, variable in zip(url.parts, url.names(), strict=True)
            if variable in found.values
        }
        if not given:
            continue
        if name not in found.values:
            found.put(name, url.compose(given), f"{url.prefix}_*")
            continue
        try:
            differing = url.differing(given, found.values[name])
        except ValueError:
            continue  # the URL's own line says what is wrong with it
        found.wrong += [
            f"{url.prefix}_{part}: expected what {name} says, or only one of the two"
            for part in differing
        ]
