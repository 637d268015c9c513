"""What is worth telling a person about variables that stop nothing: typos, leftovers, no effect."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from agent.settings.environment import ALIASES, NAMES, SECRETS, Found
from agent.settings.model import Settings

UNNECESSARY = {
    "PINECONE_ENV": "the index's host says where it is",
    "PINECONE_ENVIRONMENT": "the index's host says where it is",
    "GRAFANA_API_KEY": "Prometheus reads /api/metrics, Grafana reads Prometheus",
}
OWN_PREFIXES = (
    "ANSWERLINE_",
    "DEEPGRAM_",
    "ELEVENLABS_",
    "FALLBACK_LLM_",
    "INPUT_PROCESSING_",
    "OPENAI_",
    "PINECONE_",
    "ROUTING_",
    "TWILIO_",
)
OTHERS = frozenset({"LANGUAGE", "HOSTNAME", "LANG"})
"""Variables of the system whose names are near to ours by chance."""
LIKENESS = 0.82
"""How alike two names have to be to be taken for a typo, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Notice:
    name: str
    text: str


def notices(settings: Settings, found: Found) -> list[Notice]:
    """Never a value: a name and what to do about it."""
    return [*_unknown(found.unknown, set(found.values)), *_without_effect(settings)]


def _unknown(names: Iterable[str], used: set[str]) -> list[Notice]:
    told: list[Notice] = []
    known = [*NAMES, *ALIASES, *(f"{name}_FILE" for name in SECRETS)]
    for name in sorted(set(names)):
        if name in UNNECESSARY:
            told.append(Notice(name, f"unnecessary: {UNNECESSARY[name]}"))
        elif name.startswith("CLOUDWATCH_"):
            told.append(Notice(name, "unnecessary: logs are JSON lines that any agent ships"))
        elif name not in OTHERS and not name.startswith("OTEL_"):
            near = get_close_matches(name.upper(), known, n=1, cutoff=LIKENESS)
            near = (
                near
                or get_close_matches(name.upper(), known, n=1, cutoff=0.7)[
                    : name.startswith(OWN_PREFIXES)
                ]
            )
            if near and near[0] not in used:
                told.append(Notice(name, f"is no setting: was {near[0]} meant?"))
            elif name.startswith(OWN_PREFIXES):
                told.append(Notice(name, "is no setting and has no effect"))
    return told


def _without_effect(settings: Settings) -> list[Notice]:
    told: list[Notice] = []
    if settings.input_processing_preferred_provider == "elevenlabs":
        told.append(
            Notice(
                "INPUT_PROCESSING_PREFERRED_PROVIDER",
                "ElevenLabs speaks and translates nothing: elevenlabs is taken for auto",
            )
        )
    for choice, unused, keys in (
        ("ears", "local", ("deepgram_api_key",)),
        ("voice", "local", ("elevenlabs_api_key",)),
        ("model", "none", ("openai_api_key", "fallback_llm_api_key", "flash_api_key")),
    ):
        if getattr(settings, choice) == unused:
            told += [
                Notice(key.upper(), f"has no effect, because {choice.upper()}={unused}")
                for key in keys
                if getattr(settings, key) is not None
            ]
    if settings.fallback_llm_base_url and settings.fallback_llm_api_key is None:
        told.append(Notice("FALLBACK_LLM_BASE_URL", "has no effect without FALLBACK_LLM_API_KEY"))
    if "pinecone_index" in settings.model_fields_set and settings.pinecone_api_key is None:
        told.append(Notice("PINECONE_INDEX", "has no effect without PINECONE_API_KEY"))
    return told
