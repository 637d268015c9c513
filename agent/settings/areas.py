"""Every setting, grouped as in the documentation. A field's name in capitals is its variable."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.settings.rules import (
    AccountSid,
    ApiKeys,
    AuthTokens,
    DatabaseUrl,
    Departments,
    ExistingFolder,
    Folder,
    FolderOrHubName,
    Host,
    Language,
    Languages,
    Networks,
    OptionalFolder,
    OptionalHost,
    OptionalUrl,
    OptionalVersionedUrl,
    OptionalWord,
    RedisUrl,
    Secret,
    Url,
    VersionedUrl,
    WhenFull,
    Word,
)


class Area(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class Choice(Area):
    """Who does what: `auto` takes the cloud provider whose key is set, else what is built in."""

    ears: Literal["auto", "deepgram", "local"] = "auto"
    """Speech to text."""
    model: Literal["auto", "openai", "fallback", "flash", "none"] = "auto"
    """The language model, for what the knowledge cannot answer surely; none: never asked."""
    voice: Literal["auto", "elevenlabs", "local"] = "auto"
    """Text to speech."""
    translator: Literal["auto", "model", "flash", "embedded"] = "auto"
    """Who makes an English reading; auto: as INPUT_PROCESSING_PREFERRED_PROVIDER says."""
    languages: Languages = ("en", "es")
    """Languages that callers are answered in; the first is spoken until another is heard."""


class Turns(Area):
    """Taking turns."""

    turn_patience: float = Field(1.2, ge=0.1, le=10)
    """Silence, in seconds, that may end a turn even where the sentence sounds unfinished."""
    barge_in: Literal["words", "speech", "off"] = "words"
    """What stops the agent in mid-sentence: recognised words, any speech, nothing."""
    idle_prompt: float = Field(8.0, gt=0, le=3600)
    """Silence of the caller, in seconds, after which the agent asks whether somebody is there."""
    max_call: float = Field(1800.0, gt=0, le=86400)
    """The longest call, in seconds."""


class Telephony(Area):
    """Twilio."""

    public_url: OptionalUrl = None
    """Root by which Twilio reaches this service. Unset: http://HOST:PORT, on loopback only."""
    twilio_account_sid: AccountSid = None
    """The account that calls are ended and transferred with."""
    twilio_auth_token: AuthTokens = None
    """Proves that a request is Twilio's. Unset: a random key, loopback only."""
    twilio_api_base_url: Url = "https://api.twilio.com"
    """Root of Twilio's REST API."""
    departments: Departments = Field(default_factory=dict)
    """Whom a caller can be put through to: the only numbers that are ever dialled."""


class EarsArea(Area):
    """Speech to text."""

    deepgram_api_key: Secret = None
    """Unset: the built-in recogniser."""
    deepgram_base_url: Url = "https://api.deepgram.com"
    """Root of the API; the websocket's address derives from it."""
    deepgram_model: Word = "nova-3"
    """Deepgram's model."""
    local_models_dir: FolderOrHubName = None
    """Other weights for the built-in recogniser. Unset: the installed ones."""


class ModelArea(Area):
    """Language models, each behind an API like OpenAI's."""

    openai_api_key: Secret = None
    """Unset: the next model, at last the knowledge base alone."""
    openai_base_url: VersionedUrl = "https://api.openai.com/v1"
    """Root of the API, with its version."""
    openai_model: Word = "gpt-4.1-mini"
    """OpenAI's model."""
    openai_max_tokens: int = Field(150, ge=1, le=4096)
    """The longest answer, in tokens, of any model."""
    fallback_llm_api_key: Secret = None
    """Key of the second choice."""
    fallback_llm_base_url: OptionalVersionedUrl = None
    """Root of the second choice's API, with its version; wanted beside its key."""
    fallback_llm_model: Word = "gpt-4.1-mini"
    """Model of the second choice."""
    flash_api_key: Secret = None
    """Gemini Flash, through its endpoint that speaks OpenAI's protocol; also a translator."""


class VoiceArea(Area):
    """Text to speech."""

    elevenlabs_api_key: Secret = None
    """Unset: the built-in voices."""
    elevenlabs_base_url: Url = "https://api.elevenlabs.io"
    """Root of the API; the websocket's address derives from it."""
    elevenlabs_voice_id: Word = "EXAVITQu4vr4xnSDxMaL"
    """Id of the voice."""
    elevenlabs_model: Word = "eleven_flash_v2_5"
    """ElevenLabs' model."""


class KnowledgeArea(Area):
    """What the agent knows."""

    knowledge_dir: ExistingFolder = None
    """Folder of entries and agent.yaml. Unset: the shipped knowledge."""
    pinecone_api_key: Secret = None
    """Unset: the built-in index alone."""
    pinecone_host: OptionalHost = None
    """The index's own host. Unset: looked up by the index's name."""
    pinecone_controller_host: Url = "https://api.pinecone.io"
    """Where an index's host is looked up."""
    pinecone_index: Word = "call-centre-tickets-prod"
    """Name of the index: serverless, 768 dimensions, cosine."""
    pinecone_namespace: OptionalWord = None
    """Namespace in the index. Unset: the default one."""
    embedding: Literal["auto", "openai", "local", "none"] = "auto"
    """What turns sentences into vectors: auto is openai beside Pinecone, else what is built in."""
    openai_embedding_model: Word = "text-embedding-3-small"
    """Model of the embeddings, asked for 768 dimensions at OPENAI_BASE_URL."""
    back_office_url: OptionalUrl = None
    """Root of the HTTP API that tools ask. Unset: the model has no tools."""
    back_office_key: Secret = None
    """Sent to that API as a bearer token."""


class State(Area):
    """What outlives a call."""

    redis_url: RedisUrl = None
    """Memory of calls, shared by workers (noeviction, AOF). Unset: this process's own memory."""
    database_url: DatabaseUrl = None
    """The journal. Unset: SQLite under DATA_DIR."""
    database_pool: int = Field(10, ge=1, le=1000)
    """Connections to the database, at most."""
    data_dir: Folder = Path("data")
    """Where the service keeps its files."""
    memory_ttl: int = Field(86400, ge=1)
    """How long a conversation is remembered, in seconds."""


class Input(Area):
    """What callers say, before it is understood."""

    input_processing_default_language: Language = "es"
    """Language of callers who speak none that was recognised and is not the target."""
    input_processing_target_language: Language = "en"
    """Language that router and knowledge read."""
    input_processing_voice_timeout: float = Field(30.0, gt=0, le=600)
    """The longest utterance, in seconds, before the turn is closed."""
    input_processing_max_text_length: int = Field(5000, ge=1, le=1_000_000)
    """Characters of a turn that are read."""
    input_processing_cache_size: int = Field(1000, ge=0, le=10_000_000)
    """Translations that are kept."""
    input_processing_retry_attempts: int = Field(3, ge=0, le=20)
    """Attempts at a translation in the background; a turn never waits for them."""
    input_processing_request_timeout: float = Field(30.0, gt=0, le=600)
    """Seconds for a translation in the background; a turn waits at most 0.3 s."""
    input_processing_enable_fallback: bool = True
    """Whether the next translator is asked when one fails."""
    input_processing_preferred_provider: Literal[
        "auto", "model", "flash", "embedded", "elevenlabs"
    ] = "auto"
    """The translator asked first; elevenlabs translates nothing and means auto."""
    input_processing_min_translation_confidence: float = Field(0.5, ge=0, le=1)
    """Below it a translation is not used."""
    input_processing_min_sanitization_confidence: float = Field(0.6, ge=0, le=1)
    """Below it a cleaned text is taken for damaged."""


class Routing(Area):
    """Who answers a turn."""

    routing_answer_threshold: float = Field(0.90, ge=0, le=1)
    """Confidence from which the knowledge base answers alone."""
    routing_model_threshold: float = Field(0.0, ge=0, le=1)
    """Confidence below which the agent asks back; 0: never, the model is asked."""
    routing_promise: float = Field(0.95, gt=0, lt=1)
    """Share of right answers that learned thresholds have to keep, by department."""
    routing_threshold_floor: float = Field(0.70, ge=0, le=1)
    """The lowest answer threshold that may be learned, unless ROUTING_ANSWER_THRESHOLD is lower."""
    routing_cache_ttl: int = Field(3600, ge=0)
    """How long a decision is repeated for the same question, in seconds."""
    survey: bool = False
    """Whether callers are asked, at the end, how satisfied they are."""


class Privacy(Area):
    """What is kept of a conversation."""

    recording: Literal["off", "on", "consent"] = "off"
    """Whether calls are recorded; on: callers are told, consent: they are asked first."""
    recording_dir: OptionalFolder = None
    """Where recordings go. Unset: DATA_DIR/recordings."""
    retention_days: int = Field(30, ge=0)
    """Days until what was said, recordings too, and who called is erased; 0 keeps no words."""


class Service(Area):
    """The process."""

    host: Host = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(8080, ge=1, le=65535)
    """Port of the first worker; the next ones follow."""
    workers: int = Field(1, ge=1, le=256)
    """Processes; more than one needs REDIS_URL."""
    max_calls: int = Field(100, ge=1, le=100_000)
    """Calls that one worker takes at a time."""
    when_full: WhenFull = "sentence"
    """What a call gets that there is no place for; `department:claims` dials its number."""
    drain_deadline: float = Field(900.0, ge=0, le=86400)
    """Seconds that running calls have to end after SIGTERM."""
    trusted_proxies: Networks = ()
    """Proxies whose X-Forwarded-For is believed, for the log; signatures never depend on it."""
    admin_api_keys: ApiKeys = None
    """Who may use the admin API from outside this machine."""
    daily_budget_usd: float | None = Field(None, gt=0)
    """Spending, in US dollars a day, from which on the cheapest model is asked first."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe event that is logged."""
    log_format: Literal["json", "text"] = "json"
    """json: one ECS object a line."""
    otel_exporter_otlp_endpoint: OptionalUrl = None
    """Where traces go. Unset: nowhere. Every other OTEL_* is read by OpenTelemetry itself."""
    otel_exporter_otlp_headers: Secret = None
    """Headers for the collector, which may hold a key."""
    otel_service_name: Word = "answerline"
    """The service's name on traces."""


AREAS: tuple[type[Area], ...] = (
    Choice,
    Turns,
    Telephony,
    EarsArea,
    ModelArea,
    VoiceArea,
    KnowledgeArea,
    State,
    Input,
    Routing,
    Privacy,
    Service,
)
