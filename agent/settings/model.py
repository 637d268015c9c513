"""`Settings`: all areas in one frozen object, and the rules between them."""

import types
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from agent.settings import areas
from agent.settings.rules import Expect, is_loopback


class SettingsError(ValueError):
    """One line for each variable: `NAME: expected …`. Never a value."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


class Settings(
    areas.Service,
    areas.Privacy,
    areas.Routing,
    areas.Input,
    areas.State,
    areas.KnowledgeArea,
    areas.VoiceArea,
    areas.ModelArea,
    areas.EarsArea,
    areas.Telephony,
    areas.Turns,
    areas.Choice,
    BaseSettings,
):
    """Built by `load`, which resolves files and aliases; tests may build it from arguments."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=False,
        allow_inf_nan=False,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments only: what `load` hands over is complete."""
        assert isinstance(init_settings, InitSettingsSource)
        return (init_settings,)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service's port."""
        return is_loopback(self.host)

    @property
    def public(self) -> str:
        """Root of the service as Twilio sees it, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def twilio_auth_tokens(self) -> tuple[str, ...]:
        """All that are good; the first one is used for what we ask ourselves."""
        token = self.twilio_auth_token
        return tuple(token.get_secret_value().split(",")) if token else ()

    @property
    def models(self) -> tuple[str, ...]:
        """The language models that may be asked, in order: openai, fallback, flash."""
        allowed = {
            "auto": ("openai", "fallback", "flash"),
            "openai": ("openai", "fallback"),
            "fallback": ("fallback",),
            "flash": ("flash",),
            "none": (),
        }[self.model]
        keys = {
            "openai": self.openai_api_key,
            "fallback": self.fallback_llm_api_key,
            "flash": self.flash_api_key,
        }
        return tuple(name for name in allowed if keys[name] is not None)


def is_secret(field: FieldInfo) -> bool:
    return any(part is SecretStr for part in _parts(field.annotation))


def expected(field: FieldInfo) -> str:
    """The words for what a field takes: in errors, in `.env.example`, in the documentation."""
    for mark in field.metadata:
        if isinstance(mark, Expect):
            return mark.text
    kinds = [kind for kind in _parts(field.annotation) if kind is not type(None)]
    if bool in kinds:
        return "on or off"
    if kinds and all(isinstance(kind, str) for kind in kinds):
        return "one of " + ", ".join(kinds)
    number = "a whole number" if int in kinds else "a number"
    return number + _range(field)


def _parts(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, the words of a Literal, else the type itself."""
    if get_origin(annotation) in {Literal, Union, types.UnionType}:
        return get_args(annotation)
    return (annotation,)


def _range(field: FieldInfo) -> str:
    """Its limits in words: " from 1 to 10", " above 0, at most 600", or nothing."""
    words = ""
    for mark in field.metadata:
        if isinstance(mark, Ge):
            words += f" from {mark.ge}"
        elif isinstance(mark, Gt):
            words += f" above {mark.gt},"
        elif isinstance(mark, Le):
            words += f" at most {mark.le}" if words.endswith(",") else f" to {mark.le}"
    return words.rstrip(",")


def contradictions(settings: Settings) -> list[str]:
    """Lines for variables that are right one by one and wrong together."""
    wrong: list[str] = []
    for choice, key in (
        ("ears", "deepgram"),
        ("model", "openai"),
        ("voice", "elevenlabs"),
        ("translator", "flash"),
        ("model", "flash"),
    ):
        if getattr(settings, choice) == key and getattr(settings, f"{key}_api_key") is None:
            wrong.append(f"{key.upper()}_API_KEY: expected a key, because {choice.upper()}={key}")
    if settings.model == "fallback" and settings.fallback_llm_api_key is None:
        wrong.append("FALLBACK_LLM_API_KEY: expected a key, because MODEL=fallback")
    if settings.fallback_llm_api_key is not None and settings.fallback_llm_base_url is None:
        wrong.append("FALLBACK_LLM_BASE_URL: expected the URL that FALLBACK_LLM_API_KEY belongs to")
    if settings.embedding == "openai" and settings.openai_api_key is None:
        wrong.append("OPENAI_API_KEY: expected a key, because EMBEDDING=openai")
    if settings.back_office_url is not None and settings.back_office_key is None:
        wrong.append("BACK_OFFICE_KEY: expected the key that BACK_OFFICE_URL takes")
    if settings.recording != "off" and settings.retention_days == 0:
        wrong.append("RETENTION_DAYS: expected at least 1, because RECORDING is not off")
    return wrong + _disordered(settings) + _crowded(settings)


def _crowded(settings: Settings) -> list[str]:
    """Lines for many calls, and many workers."""
    wrong: list[str] = []
    kind, _, department = settings.when_full.partition(":")
    if kind == "department" and department not in settings.departments:
        wrong.append("DEPARTMENTS: expected a number for the department that WHEN_FULL names")
    if settings.workers > 1 and settings.redis_url is None:
        wrong.append("REDIS_URL: expected a redis:// URL, because WORKERS is more than 1")
    if settings.port + settings.workers - 1 > 65535:  # noqa: PLR2004
        wrong.append("PORT: expected room for WORKERS ports up to 65535")
    return wrong


def _disordered(settings: Settings) -> list[str]:
    """Lines for thresholds that stand on the wrong side of each other."""
    wrong, most = [], settings.routing_answer_threshold
    if settings.routing_model_threshold > most:
        wrong.append("ROUTING_MODEL_THRESHOLD: expected at most ROUTING_ANSWER_THRESHOLD")
    given = "routing_threshold_floor" in settings.model_fields_set
    if given and settings.routing_threshold_floor > most:
        wrong.append("ROUTING_THRESHOLD_FLOOR: expected at most ROUTING_ANSWER_THRESHOLD")
    return wrong


def unservable(settings: Settings) -> list[str]:
    """Lines for what only `serve` needs: a command that never listens does not stop at these."""
    wrong: list[str] = []
    exposed = "HOST" if not settings.loopback else "PUBLIC_URL" if _is_public(settings) else None
    if exposed is not None and settings.twilio_auth_token is None:
        wrong.append(
            f"TWILIO_AUTH_TOKEN: expected the account's token, because {exposed} is no loopback"
        )
    if not settings.loopback and settings.public_url is None:
        wrong.append(
            "PUBLIC_URL: expected the https:// URL by which Twilio reaches the service,"
            " because HOST is no loopback"
        )
    return wrong


def _is_public(settings: Settings) -> bool:
    return not is_loopback(urlsplit(settings.public).hostname or "")
