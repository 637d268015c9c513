"""What a person is told about variables that stop nothing."""

import pytest

from agent.settings import find, load
from agent.settings.notices import notices


def told(variables: dict[str, str]) -> dict[str, str]:
    return {
        notice.name: notice.text for notice in notices(load(variables, None), find(variables, None))
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DEEPGRAM_APIKEY", "DEEPGRAM_API_KEY"),
        ("OPENAI_KEY", "OPENAI_API_KEY"),
        ("openai_api_key", "OPENAI_API_KEY"),
        ("PUBLIC_ULR", "PUBLIC_URL"),
        ("REDIS_URI", "REDIS_URL"),
        ("TWILIO_TOKEN", "TWILIO_AUTH_TOKEN"),
        ("OPENAI_API_KEY_FIL", "OPENAI_API_KEY_FILE"),
    ],
)
def test_a_typo_is_told_with_what_was_meant(name: str, meant: str) -> None:
    assert told({name: "sk-1"}) == {name: f"is no setting: was {meant} meant?"}


@pytest.mark.parametrize("name", ["LANGUAGE", "HOSTNAME", "PATH", "HOME", "OTEL_TRACES_SAMPLER"])
def test_other_programs_variables_are_nobodys_business(name: str) -> None:
    assert told({name: "x"}) == {}


@pytest.mark.parametrize("name", ["PINECONE_ENV", "GRAFANA_API_KEY", "CLOUDWATCH_LOG_GROUP"])
def test_a_known_and_unnecessary_variable_is_told_with_the_reason(name: str) -> None:
    assert told({name: "x"})[name].startswith("unnecessary: ")


def test_a_translator_that_translates_nothing_is_told() -> None:
    assert "INPUT_PROCESSING_PREFERRED_PROVIDER" in told(
        {"INPUT_PROCESSING_PREFERRED_PROVIDER": "elevenlabs"}
    )


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"EARS": "local", "DEEPGRAM_API_KEY": "k"}, "DEEPGRAM_API_KEY"),
        ({"MODEL": "none", "OPENAI_API_KEY": "k"}, "OPENAI_API_KEY"),
        ({"FALLBACK_LLM_BASE_URL": "https://llm.example.com/v1"}, "FALLBACK_LLM_BASE_URL"),
        ({"PINECONE_INDEX": "kb"}, "PINECONE_INDEX"),
        ({"OPENAI_PROJECT": "x"}, "OPENAI_PROJECT"),
    ],
)
def test_what_has_no_effect_is_told(variables: dict[str, str], name: str) -> None:
    assert list(told(variables)) == [name]
    assert "no effect" in told(variables)[name]
