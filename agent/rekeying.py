"""Secrets that are read again while calls run: SIGHUP, after a file that `…_FILE` names, or `.env`,
has changed.

A call that is on keeps the provider's key that it began with. What is a connection rather than a
key (Redis, the database, Pinecone, embeddings) wants a new process, as every other setting does.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from loguru import logger

from agent import services
from agent.line.signature import Signature
from agent.line.token import Tokens
from agent.providers import Providers
from agent.settings import Settings, SettingsError
from agent.web.keys import Gate, Keys

RENEWED = (
    "twilio_auth_token",
    "admin_api_keys",
    "deepgram_api_key",
    "openai_api_key",
    "fallback_llm_api_key",
    "flash_api_key",
    "elevenlabs_api_key",
    "back_office_key",
)


@dataclass(frozen=True, slots=True)
class Rekeying:
    signature: Signature
    tokens: Tokens
    gate: Gate
    providers: Providers
    load: Callable[[], Settings]
    """Raises SettingsError."""

    async def reread(self) -> None:
        """Whatever is wrong in what was read changes nothing."""
        try:
            read = await asyncio.to_thread(self.load)
        except SettingsError as error:
            logger.bind(wrong=list(error.lines)).error("secrets are not usable, the old ones stay")
            return
        old = self.providers.settings
        changed = {
            name: value
            for name in RENEWED
            if (value := getattr(read, name)) != getattr(old, name) and value is not None
        }
        self.providers.settings = settings = old.model_copy(update=changed)
        if "twilio_auth_token" in changed:
            self.signature.renew(settings.twilio_auth_tokens)
            self.tokens.renew(settings.twilio_auth_tokens)
            if self.providers.rest is not None:
                self.providers.rest.renew(settings.twilio_auth_tokens)
        if settings.admin_api_keys is not None:
            self.gate.renew(Keys.of(settings.admin_api_keys.get_secret_value()))
        if changed.keys() - {"twilio_auth_token", "admin_api_keys"}:
            services.renew(self.providers)
        logger.bind(changed=sorted(name.upper() for name in changed)).info("secrets read again")
