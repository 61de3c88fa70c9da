"""The options that every command shares, and the settings they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from continuum.core.config import LoadedSettings, load_settings
from continuum.domain.records import Json

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Options:
    """What a command was told about the store, and how to print."""

    settings: LoadedSettings
    as_json: bool

    @property
    def store(self) -> str:
        """The absolute path, or the URL, of the store in use."""
        config = self.settings.config
        return config.storage or str(config.db_path.absolute())


def shared_options(command: Command) -> Command:
    """Add --db-path, --tenant, --config and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Settings file."),
        click.option("--tenant", help="Tenant (default: the settings')."),
        click.option("--db-path", type=click.Path(dir_okay=False), help="SQLite file of the store."),
    ):
        command = option(command)
    return command


def options_of(db_path: str | None, tenant: str | None, config: Path | None, as_json: bool, **more: Json) -> Options:
    """Load the settings with the options as arguments. Raises ConfigurationError."""
    arguments = {"db_path": db_path, "tenant_id": tenant, **more}
    return Options(load_settings(config, arguments=arguments), as_json)
