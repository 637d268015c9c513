"""The settings: variables of the environment, `.env` in development, files for secrets."""

from agent.settings.environment import find, load, servable
from agent.settings.model import Settings, SettingsError
from agent.settings.rules import is_loopback

__all__ = ["Settings", "SettingsError", "find", "is_loopback", "load", "servable"]
