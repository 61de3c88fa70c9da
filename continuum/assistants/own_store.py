"""The store of assistants, where no other is named: they start programs in whatever folder is worked on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from continuum.core.config import LoadedSettings, default_settings_path

STORE_FILE = "memory.db"
_NAMING = ("db_path", "storage", "postgres_url", "server_url")


def own_store() -> Path:
    """``memory.db`` beside the settings of the user, as an absolute path."""
    return default_settings_path().parent.absolute() / STORE_FILE


def names_a_store(settings: LoadedSettings) -> bool:
    """Whether anything but the default says where the memory is."""
    return any(settings.sources.get(name, "default") != "default" for name in _NAMING)


def with_own_store(settings: LoadedSettings) -> LoadedSettings:
    """The settings, on the store of assistants if they name none."""
    if names_a_store(settings):
        return settings
    return replace(settings, config=replace(settings.config, db_path=own_store()))
