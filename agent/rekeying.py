"""Secrets that are read again while calls run: SIGHUP, after a file that `…_FILE` names, or `.env`,
has changed.

A call that is on keeps the provider's key that it began with. A key that is gone is used no more,
but Twilio's token: without one nobody could call. What is a connection rather than a key (Redis,
the database, Pinecone, embeddings) wants a new process, as every other setting does.
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
        found = {name: getattr(read, name) for name in RENEWED}
        changed = {name: value for name, value in found.items() if value != getattr(old, name)}
        if "twilio_auth_token" in changed and read.twilio_auth_token is None:
            del changed["twilio_auth_token"]
            logger.warning("TWILIO_AUTH_TOKEN is not set any more, the old one stays")
        self.providers.settings = settings = old.model_copy(update=changed)
        if "twilio_auth_token" in changed:
            self._sign(settings.twilio_auth_tokens)
        if "admin_api_keys" in changed:
            keys = settings.admin_api_keys
            self.gate.renew(Keys.of(keys.get_secret_value() if keys else ""))
        if changed.keys() - {"twilio_auth_token", "admin_api_keys"}:
            services.renew(self.providers, old)
        logger.bind(changed=sorted(name.upper() for name in changed)).info("secrets read again")

    def _sign(self, tokens: tuple[str, ...]) -> None:
        """All that is proven or sealed with the token."""
        self.signature.renew(tokens)
        self.tokens.renew(tokens)
        self.providers.seal.renew([token.encode() for token in tokens])
        if self.providers.rest is not None:
            self.providers.rest.renew(tokens)
