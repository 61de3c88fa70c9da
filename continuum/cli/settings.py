"""The options that every command shares, and the settings they give."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from continuum.core.config import LoadedSettings, MemoryConfig, load_settings
from continuum.domain.records import Json
from continuum.errors import NotFoundError
from continuum.storage.factory import sqlite_path

MEMORY = ":memory:"
Command = TypeVar("Command", bound=Callable[..., object])
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Options:
    """What a command was told about the store, and how to print."""

    settings: LoadedSettings
    as_json: bool

    @property
    def store(self) -> str:
        """The absolute path of the store in use, or ``:memory:``. Raises ConfigurationError for an unknown URL."""
        config = self.settings.config
        path = sqlite_path(config.storage) if config.storage else str(config.db_path)
        return path if path == MEMORY else str(Path(path).expanduser().absolute())

    @property
    def existing(self) -> MemoryConfig:
        """The settings, for a command that only reads. Raises NotFoundError if there is no store yet."""
        store = self.store
        if store != MEMORY and not Path(store).exists():
            raise NotFoundError(f'no store at {store}; make one with `continuum init` or `continuum learn "..."`')
        return self.settings.config


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


def with_options(command: Callable[Concatenate[Options, P], None]) -> Callable[..., None]:
    """Add the shared options, and give the command what they say as its first argument."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        shared: dict[str, Json] = {name: kwargs.pop(name) for name in ("db_path", "tenant", "config", "as_json")}
        command(options_of(**shared), *args, **kwargs)

    return shared_options(told)


def options_of(db_path: str | None, tenant: str | None, config: Path | None, as_json: bool, **more: Json) -> Options:
    """Load the settings with the options as arguments. Raises ConfigurationError."""
    arguments = {"db_path": db_path, "tenant_id": tenant, **more}
    return Options(load_settings(config, arguments=arguments), as_json)
