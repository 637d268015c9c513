"""What stops the start, in which words, and what is taken from where."""

from pathlib import Path

import pytest

from agent.settings import Settings, SettingsError, find, load, servable
from agent.settings.environment import NAMES
from agent.settings.model import expected

SECRET = "sk-never-to-be-seen"

WRONG = [
    ("EARS", "whisper"),
    ("MODEL", "gpt"),
    ("VOICE", "alloy"),
    ("TRANSLATOR", "elevenlabs"),
    ("LANGUAGES", "english"),
    ("LANGUAGES", "en,en"),
    ("LANGUAGES", ","),
    ("TURN_PATIENCE", "-1"),
    ("TURN_PATIENCE", "nan"),
    ("BARGE_IN", "yes"),
    ("IDLE_PROMPT", "0"),
    ("IDLE_PROMPT", "inf"),
    ("MAX_CALL", "long"),
    ("PUBLIC_URL", "http://phone.example.com"),
    ("PUBLIC_URL", "wss://phone.example.com"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://user:word@phone.example.com"),
    ("PUBLIC_URL", "https://phone.example.com?x=1"),
    ("PUBLIC_URL", "https://phone.example.com:99999"),
    ("PUBLIC_URL", "https://[::1"),
    ("TWILIO_ACCOUNT_SID", "SK0123"),
    ("TWILIO_AUTH_TOKEN", "line\nbreak"),
    ("TWILIO_AUTH_TOKEN", "old,"),
    ("TWILIO_AUTH_TOKEN", "old, new"),
    ("WHEN_FULL", "nothing"),
    ("WHEN_FULL", "queue:"),
    ("TWILIO_API_BASE_URL", "http://127.0.0.1.example.com"),
    ("DEPARTMENTS", "claims"),
    ("DEPARTMENTS", "claims=5550100"),
    ("DEPARTMENTS", "claims=+05550100"),
    ("DEPARTMENTS", "claims=+15550100200,claims=+15550100201"),
    ("DEPARTMENTS", "claims=+1555010020٣"),
    ("DEEPGRAM_API_KEY", "clé"),
    ("DEEPGRAM_BASE_URL", "api.deepgram.com"),
    ("DEEPGRAM_MODEL", "nova 3"),
    ("LOCAL_MODELS_DIR", "/no/such/folder/anywhere"),
    ("LOCAL_MODELS_DIR", "hub:name-without-owner"),
    ("OPENAI_BASE_URL", "https://api.openai.com"),
    ("OPENAI_MAX_TOKENS", "0"),
    ("FALLBACK_LLM_BASE_URL", "https://llm.example.com/"),
    ("ELEVENLABS_BASE_URL", "ftp://api.elevenlabs.io"),
    ("KNOWLEDGE_DIR", "/no/such/folder"),
    ("PINECONE_HOST", "http://index.example.com"),
    ("PINECONE_CONTROLLER_HOST", "api.pinecone.io"),
    ("REDIS_URL", "http://127.0.0.1"),
    ("REDIS_URL", "redis://127.0.0.1:port"),
    ("REDIS_URL", "redis://127.0.0.1/0?cluster=yes"),
    ("REDIS_URL", "redis://127.0.0.1/0?cluster="),
    ("REDIS_URL", "redis://127.0.0.1/0?cluster=true&cluster=false"),
    ("REDIS_URL", "redis://127.0.0.1/1?cluster=true"),
    ("REDIS_URL", "redis://127.0.0.1?cluster=true&db=1"),
    ("REDIS_URL", "unix:///run/redis?cluster=true"),
    ("DATABASE_URL", "mysql://127.0.0.1/x"),
    ("DATABASE_POOL", "0"),
    ("MEMORY_TTL", "1.5"),
    ("INPUT_PROCESSING_DEFAULT_LANGUAGE", "spanish"),
    ("INPUT_PROCESSING_VOICE_TIMEOUT", "0"),
    ("INPUT_PROCESSING_MAX_TEXT_LENGTH", "-5"),
    ("INPUT_PROCESSING_CACHE_SIZE", "many"),
    ("INPUT_PROCESSING_ENABLE_FALLBACK", "perhaps"),
    ("INPUT_PROCESSING_PREFERRED_PROVIDER", "deepl"),
    ("INPUT_PROCESSING_MIN_TRANSLATION_CONFIDENCE", "1.1"),
    ("ROUTING_ANSWER_THRESHOLD", "90"),
    ("ROUTING_MODEL_THRESHOLD", "-0.1"),
    ("RECORDING", "sometimes"),
    ("RETENTION_DAYS", "-1"),
    ("HOST", "0.0.0.0 x"),
    ("PORT", "0"),
    ("PORT", "70000"),
    ("WORKERS", "0"),
    ("DRAIN_DEADLINE", "-1"),
    ("TRUSTED_PROXIES", "10.0.0.0/40"),
    ("ADMIN_API_KEYS", "only-a-key"),
    ("DAILY_BUDGET_USD", "0"),
    ("LOG_LEVEL", "TRACE"),
    ("LOG_FORMAT", "xml"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example.com"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line_with_its_name_and_without_any_value(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: value, "FLASH_API_KEY": SECRET}, None)
    assert caught.value.lines == (f"{name}: expected {expected(NAMES[name])}",)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


TOGETHER = [
    ({"EARS": "deepgram"}, "DEEPGRAM_API_KEY"),
    ({"VOICE": "elevenlabs"}, "ELEVENLABS_API_KEY"),
    ({"MODEL": "openai"}, "OPENAI_API_KEY"),
    ({"MODEL": "flash"}, "FLASH_API_KEY"),
    ({"MODEL": "fallback"}, "FALLBACK_LLM_API_KEY"),
    ({"TRANSLATOR": "flash"}, "FLASH_API_KEY"),
    ({"FALLBACK_LLM_API_KEY": SECRET}, "FALLBACK_LLM_BASE_URL"),
    ({"ROUTING_THRESHOLD_FLOOR": "0.95"}, "ROUTING_THRESHOLD_FLOOR"),
    ({"EMBEDDING": "openai"}, "OPENAI_API_KEY"),
    ({"BACK_OFFICE_URL": "http://localhost:1"}, "BACK_OFFICE_KEY"),
    (
        {"ROUTING_ANSWER_THRESHOLD": "0.2", "ROUTING_MODEL_THRESHOLD": "0.3"},
        "ROUTING_MODEL_THRESHOLD",
    ),
    ({"WORKERS": "2"}, "REDIS_URL"),
    ({"PORT": "65535", "WORKERS": "2", "REDIS_URL": "redis://127.0.0.1"}, "PORT"),
    ({"FLASH_API_KEY": SECRET, "GOOGLE_API_KEY": "another"}, "GOOGLE_API_KEY"),
    ({"REDIS_URL": "redis://a:6379/0", "REDIS_HOST": "b"}, "REDIS_HOST"),
    ({"REDIS_URL": "redis://a", "REDIS_DB": "3"}, "REDIS_DB"),
    ({"REDIS_URL": f"redis://:{SECRET}@a", "REDIS_PASSWORD": "x"}, "REDIS_PASSWORD"),
    ({"DATABASE_URL": "postgresql://u@a/d", "POSTGRES_DB": "e"}, "POSTGRES_DB"),
    ({"OPENAI_API_KEY_FILE": "/no/such/file"}, "OPENAI_API_KEY_FILE"),
    ({"OPENAI_API_KEY": SECRET, "OPENAI_API_KEY_FILE": "/dev/null"}, "OPENAI_API_KEY_FILE"),
]


@pytest.mark.parametrize(("variables", "name"), TOGETHER)
def test_values_that_contradict_each_other_name_the_variable_to_mend(
    variables: dict[str, str], name: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(variables, None)
    assert [line.partition(":")[0] for line in caught.value.lines] == [name]
    assert SECRET not in str(caught.value)


def test_every_wrong_variable_has_its_line() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"PORT": "x", "EARS": "x", "OPENAI_API_KEY_FILE": "/no"}, None)
    names = [line.partition(":")[0] for line in caught.value.lines]
    assert sorted(names) == ["EARS", "OPENAI_API_KEY_FILE", "PORT"]


def test_nothing_set_is_the_built_in_service_on_loopback() -> None:
    settings = servable(load({}, None))
    assert settings.loopback
    assert settings.public == "http://127.0.0.1:8080"
    assert settings.languages == ("en", "es")
    assert settings.routing_answer_threshold == 0.90
    assert settings.input_processing_default_language == "es"
    assert settings.openai_base_url == "https://api.openai.com/v1"


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"OPENAI_API_KEY": " ", "PORT": ""}, None) == load({}, None)


def test_settings_show_no_secret() -> None:
    variables = {
        "OPENAI_API_KEY": SECRET,
        "REDIS_URL": f"redis://:{SECRET}@127.0.0.1",
        "ADMIN_API_KEYS": f"admin:{SECRET}",
    }
    settings = load(variables, None)
    assert SECRET not in repr(settings)
    assert SECRET not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://phone.example.com/", "https://phone.example.com"),
        ("https://phone.example.com/line", "https://phone.example.com/line"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_a_url_is_kept_without_its_last_slash(given: str, kept: str) -> None:
    assert load({"PUBLIC_URL": given}, None).public == kept


def test_a_pinecone_host_may_come_without_its_scheme() -> None:
    named = load({"PINECONE_HOST": "kb-1.svc.pinecone.io"}, None)
    local = load({"PINECONE_HOST": "127.0.0.1:5080"}, None)
    assert named.pinecone_host == "https://kb-1.svc.pinecone.io"
    assert local.pinecone_host == "http://127.0.0.1:5080"


def test_the_embedded_recogniser_takes_a_folder_or_a_name_on_the_hub(tmp_path: Path) -> None:
    for value in (str(tmp_path), "hub:Systran/faster-whisper-small"):
        assert load({"LOCAL_MODELS_DIR": value}, None).local_models_dir == value


def test_the_public_address_of_an_ipv6_host_is_bracketed() -> None:
    assert load({"HOST": "::1"}, None).public == "http://[::1]:8080"


def test_two_tokens_are_good_while_one_replaces_the_other() -> None:
    assert load({"TWILIO_AUTH_TOKEN": "new,old"}, None).twilio_auth_tokens == ("new", "old")
    assert load({}, None).twilio_auth_tokens == ()


def test_a_department_for_callers_without_a_place_needs_its_number() -> None:
    with pytest.raises(SettingsError, match=r"DEPARTMENTS: .*WHEN_FULL"):
        load({"WHEN_FULL": "department:claims", "DEPARTMENTS": "billing=+15550100200"}, None)


def test_what_the_command_line_says_wins_and_is_checked_with_the_rest() -> None:
    redis = {"REDIS_URL": "redis://127.0.0.1", "WORKERS": "3"}
    assert load(redis, None, {"WORKERS": "2"}).workers == 2
    with pytest.raises(SettingsError, match="REDIS_URL"):
        load({}, None, {"WORKERS": "2"})
    with pytest.raises(SettingsError, match="WORKERS: expected a whole number"):
        load(redis, None, {"WORKERS": "0"})


def test_departments_are_names_with_numbers() -> None:
    settings = load({"DEPARTMENTS": "claims=+15550100200, billing=+15550100201"}, None)
    assert settings.departments == {"claims": "+15550100200", "billing": "+15550100201"}


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"HOST": "0.0.0.0"}, ["TWILIO_AUTH_TOKEN", "PUBLIC_URL"]),
        ({"PUBLIC_URL": "https://phone.example.com"}, ["TWILIO_AUTH_TOKEN"]),
        ({"HOST": "::", "TWILIO_AUTH_TOKEN": SECRET}, ["PUBLIC_URL"]),
    ],
)
def test_what_can_be_reached_from_outside_needs_its_token_and_its_address(
    variables: dict[str, str], names: list[str]
) -> None:
    settings = load(variables, None)
    with pytest.raises(SettingsError) as caught:
        servable(settings)
    assert [line.partition(":")[0] for line in caught.value.lines] == names


def test_the_environment_wins_over_the_file_of_settings(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=9001\nHOST=::1\n# PORT=1\n", "utf-8")
    settings = load({"PORT": "9002"}, dotenv)
    assert (settings.port, settings.host) == (9002, "::1")
    found = find({"PORT": "9002"}, dotenv)
    assert found.sources == {"PORT": "environment", "HOST": ".env"}


def test_a_file_of_settings_in_a_strange_encoding_is_named(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"^\.env: expected a readable UTF-8 file$"):
        load({}, dotenv)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(f"{SECRET}\n", "utf-8")
    variables = {"GOOGLE_API_KEY_FILE": str(secret), "OPENAI_API_KEY_FILE": str(secret)}
    settings = load(variables, None)
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == SECRET
    assert settings.flash_api_key == settings.openai_api_key
    assert find(variables, None).sources["OPENAI_API_KEY"] == "OPENAI_API_KEY_FILE"


def _revealed(settings: Settings, field: str) -> str:
    return str(getattr(settings, field).get_secret_value())


def test_the_parts_of_a_url_that_other_programs_use_become_one() -> None:
    settings = load(
        {
            "POSTGRES_HOST": "db.example.com",
            "POSTGRES_USER": "agent",
            "POSTGRES_PASSWORD": "p@ss/word",
            "POSTGRES_DB": "calls",
            "REDIS_PORT": "6380",
            "REDIS_PASSWORD": "a:b",
        },
        None,
    )
    database = "postgresql://agent:p%40ss%2Fword@db.example.com:5432/calls"
    assert _revealed(settings, "database_url") == database
    assert _revealed(settings, "redis_url") == "redis://:a%3Ab@localhost:6380/"


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:7000?cluster=true",
        "rediss://:secret@cache/0?ssl_ca_certs=/root.pem&cluster=true",
        "redis://cache/2?cluster=false",
    ],
)
def test_a_redis_that_is_a_cluster_is_said_in_its_url(url: str) -> None:
    assert _revealed(load({"REDIS_URL": url}, None), "redis_url") == url


def test_both_forms_that_agree_are_no_contradiction() -> None:
    load(
        {
            "DATABASE_URL": "postgresql://agent:p%40ss@db:5432/calls",
            "POSTGRES_PASSWORD": "p@ss",
            "POSTGRES_PORT": "5432",
            "REDIS_URL": "redis://cache",
            "REDIS_HOST": "cache",
            "REDIS_PORT": "6379",
            "REDIS_DB": "0",
            "FLASH_API_KEY": "k",
            "GOOGLE_API_KEY": "k",
        },
        None,
    )
