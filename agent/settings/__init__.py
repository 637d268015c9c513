"""The settings: variables of the environment, `.env` in development, files for secrets.

What checks them takes a quarter of a second to load: it is imported with the first name of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.settings.environment import find, load, servable
    from agent.settings.model import Settings, SettingsError
    from agent.settings.rules import is_loopback

__all__ = ["Settings", "SettingsError", "find", "is_loopback", "load", "servable"]
_HOMES = {
    "find": "environment",
    "load": "environment",
    "servable": "environment",
    "Settings": "model",
    "SettingsError": "model",
    "is_loopback": "rules",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"agent.settings has no {name}")
    return getattr(import_module(f"agent.settings.{_HOMES[name]}"), name)
